import { describe, expect, it } from 'vitest';

import type { RunSpec } from '../../src/lib/api/documents';
import { fields } from '../../src/lib/schema/schema';
import { command, toml } from '../../src/lib/spec/command';
import { anotherLane, check, emptyDraft, emptyLane, fromSpec, matrix } from '../../src/lib/spec/draft';

const FIELDS = fields({
  properties: { n: { type: 'integer', minimum: 1 }, threads: { type: 'integer' }, algorithm: { type: 'string' } },
});

describe('a draft', () => {
  it('means a specification, without what was left empty', () => {
    const draft = { ...emptyDraft('compute'), params: { n: '50M', threads: '' } };
    draft.lanes = [{ ...emptyLane(), machine: 'm1', params: { threads: '2' } }, emptyLane()];
    expect(check(draft, FIELDS, null)).toEqual({
      spec: {
        kind: 'compute',
        params: { n: 50_000_000 },
        lanes: [{ machine_id: 'm1', params: { threads: 2 } }, {}],
        rounds: 5,
        warmup: 1,
      },
      errors: {},
      unknown: [],
    });
  });

  it('keeps an empty text and null until something is typed over them', () => {
    const params = { algorithm: '', threads: null, n: 7 };
    const spec: RunSpec = { kind: 'compute', preset: 'p', params, lanes: [{ params: { algorithm: ' ' } }] };
    const draft = fromSpec(spec);
    expect(check(draft, FIELDS, null).spec).toMatchObject(spec);
    draft.params.algorithm = 'fast';
    delete draft.params.threads;
    expect(check(draft, FIELDS, null).spec.params).toEqual({ algorithm: 'fast', n: 7 });
  });

  it('names the parameters that no machine has', () => {
    const draft = fromSpec({ kind: 'compute', params: { n: 7, gone: 1 }, lanes: [{ params: { gone: 2, lost: 'x' } }] });
    const { spec, unknown } = check(draft, FIELDS, null);
    expect(unknown).toEqual(['gone', 'lost']);
    expect([spec.params, spec.lanes]).toEqual([{ n: 7 }, [{}]]);
  });

  it('names each bad field as central does', () => {
    const draft = { ...emptyDraft('compute'), params: { n: '0' }, rounds: 'many', warmup: '-1' };
    draft.lanes = [emptyLane(), { ...emptyLane(), params: { threads: 'x' } }];
    expect(Object.keys(check(draft, FIELDS, null).errors)).toEqual([
      'params.n', 'lanes[1].params.threads', 'rounds', 'warmup',
    ]);
  });

  it('comes back from its own specification', () => {
    const draft = { ...emptyDraft('compute'), params: { n: '50M' }, order: 'abba', rounds: 'auto', onlyReady: true };
    draft.lanes = [{ ...emptyLane(), label: 'one', params: { algorithm: 'fast' } }];
    expect(fromSpec(check(draft, FIELDS, null).spec)).toEqual(draft);
  });

  it('keeps what the form does not show', () => {
    const spec: RunSpec = {
      kind: 'llm_generate', order: 'abba', resident: 'many', rounds: 5, warmup: 1,
      salt: 's', sampling_s: 2, timeout_s: 60, tags: ['t'], notes: 'n',
    };
    expect(check(fromSpec(spec), [], null).spec).toEqual(spec);
  });

  it('makes a matrix of two values, each combination once', () => {
    const axes = [
      { name: 'threads', values: ['1', '2'] },
      { name: 'n', values: ['1M', '2M', '1M'] },
    ];
    const lanes = matrix([], axes);
    expect(lanes.map((lane) => lane.params)).toEqual([
      { threads: '1', n: '1M' },
      { threads: '1', n: '2M' },
      { threads: '2', n: '1M' },
      { threads: '2', n: '2M' },
    ]);
    expect(matrix([{ ...emptyLane(), machine: 'm1' }], axes)[0]?.machine).toBe('m1');
  });
});

describe('the same run elsewhere', () => {
  const spec = {
    kind: 'compute',
    params: { n: 50_000_000, algorithm: "it's, a \"name\"" },
    lanes: [{ machine_id: 'm1', label: 'one, two', params: { threads: 1 } }, { params: { threads: 2 } }],
    rounds: 3,
    warmup: 1,
  };

  it('as a command line that a shell reads as meant', () => {
    expect(command(spec)).toBe(
      "benchrace run --workload compute -p n=50000000 -p 'algorithm=it'\\''s, a \"name\"' " +
        "--lane 'machine=m1,label=one\\, two,threads=1' --lane threads=2 --rounds 3",
    );
  });

  it('with every option that it has', () => {
    const all: RunSpec = { kind: 'k', resident: 'many', tags: ['a', 'b c'], salt: 's', sampling_s: 0, timeout_s: 60 };
    expect(command(all)).toBe(
      "benchrace run --workload k --resident many --tag a --tag 'b c' --salt s --sampling-s 0 --timeout-s 60",
    );
  });

  it('as TOML', () => {
    expect(toml(spec)).toBe(
      [
        'kind = "compute"',
        'rounds = 3',
        'warmup = 1',
        '',
        '[params]',
        'n = 50000000',
        'algorithm = "it\'s, a \\"name\\""',
        '',
        '[[lanes]]',
        'machine_id = "m1"',
        'label = "one, two"',
        'params = { threads = 1 }',
        '',
        '[[lanes]]',
        'params = { threads = 2 }',
        '',
      ].join('\n'),
    );
  });
});

describe('another lane', () => {
  it('is like the last, with no machines of that one', () => {
    const last = { ...emptyLane(), machine: 'm1', label: 'one', params: { n: '1' }, clients: ['m2'], workers: ['m3'] };
    expect(anotherLane(last)).toEqual({ ...emptyLane(), machine: 'm1', params: { n: '1' }, clients: [], workers: [] });
    expect(anotherLane(undefined)).toEqual(emptyLane());
  });
});
