import { describe, expect, it } from 'vitest';

import type { KindAnswer, Machine } from '../../src/lib/api/documents';
import { fields } from '../../src/lib/schema/schema';
import { check, emptyDraft } from '../../src/lib/spec/draft';
import { command } from '../../src/lib/spec/command';
import { isSettled, openingLanes, openingSection } from '../../src/pages/start/opening';
import { COMPUTE, TEXT } from '../../src/pages/table';

const COUNTING = fields({
  properties: {
    algorithm: { enum: ['fast', 'slow', 'slower'], type: 'string', default: 'fast' },
    threads: { type: 'integer', minimum: 0, default: 0 },
  },
});
const ready = (threads: number | null, host_id = String(threads), share_host = false) =>
  ({ machine_id: `on ${host_id}`, state: 'ready', threads, host_id, share_host, simulated: false as boolean }) as const;

describe('the lanes that a form opens with', () => {
  const params = (...machines: Parameters<typeof openingLanes>[1][number][]) => openingLanes(COUNTING, machines).map((lane) => lane.params);

  it('are one thread against all on a machine that is alone, and the same as a command', () => {
    expect(params(ready(8))).toEqual([{ threads: '1' }, { threads: '0' }]);
    expect(params(ready(null))).toEqual([{ threads: '1' }, { threads: '0' }]);
    const draft = { ...emptyDraft('compute'), lanes: openingLanes(COUNTING, [ready(8)]) };
    expect(command(check(draft, COUNTING, null).spec)).toBe('benchrace run --workload compute --lane threads=1 --lane threads=0');
  });

  it('are two choices where a second thread would change nothing', () => {
    expect(params(ready(1))).toEqual([{ algorithm: 'fast' }, { algorithm: 'slow' }]);
    expect(openingLanes(fields({ properties: { n: { type: 'integer' } } }), [ready(8)])).toEqual([]);
  });

  it('are one on each machine where several race each other, and none where models are to be chosen', () => {
    expect(openingLanes(COUNTING, [ready(8), ready(4)]).map((lane) => [lane.machine, lane.params])).toEqual([['on 8', {}], ['on 4', {}]]);
    expect(params(...Array.from({ length: 9 }, (_, at) => ready(at + 2)))).toEqual([]);
    expect(params(ready(8), { ...ready(4), state: 'lost' })).toHaveLength(2);
    expect(params(ready(8), { ...ready(4), simulated: true })).toHaveLength(2);
    const models = fields({ properties: { model: { type: 'string', choices: 'models' }, cache: { enum: ['a', 'b'] } } });
    expect(openingLanes(models, [ready(8)])).toEqual([]);
  });
});

describe('the lanes of machines that share a computer', () => {
  const machines = (...able: ReturnType<typeof ready>[]) => openingLanes(COUNTING, able).map((lane) => [lane.machine, lane.params]);
  const second = { ...ready(8), machine_id: 'other' } as unknown as ReturnType<typeof ready>;

  it('are those of one of them, unless both allow it', () => {
    expect(machines(ready(8), second)).toEqual([['on 8', { threads: '1' }], ['on 8', { threads: '0' }]]);
    expect(machines(ready(8), second, ready(4))).toEqual([['on 8', {}], ['on 4', {}]]);
    expect(machines(...[ready(8), second].map((machine) => ({ ...machine, share_host: true }) as unknown as typeof second))).toEqual([['on 8', {}], ['other', {}]]);
  });
});

describe('the section that a new race opens with', () => {
  const backend = (kind: string, reachable: boolean | null) => ({ reachable, workloads: [{ kind }] });
  const machine = (...backends: unknown[]) => [{ state: 'ready', backends }] as unknown as Machine[];
  const kinds = (...names: string[]) => names.map((kind) => ({ kind })) as unknown as KindAnswer[];
  const BOTH = kinds('compute', 'llm_generate');

  it('is language models where an engine may answer, else what can run', () => {
    expect(openingSection(BOTH, machine(backend('llm_generate', true), backend('compute', true)))).toBe(TEXT);
    expect(openingSection(BOTH, machine(backend('llm_generate', null), backend('compute', true)))).toBe(TEXT);
    expect(openingSection(BOTH, machine(backend('llm_generate', false), backend('compute', true)))).toBe(COMPUTE);
  });

  it('is the first that is offered where none can run, and none where nothing is offered', () => {
    expect(openingSection(BOTH, machine(backend('llm_generate', false)))).toBe(TEXT);
    expect(openingSection([], [])).toBeNull();
  });

  it('stands once every engine of the connected machines was asked', () => {
    expect(isSettled(machine(backend('llm_generate', null)))).toBe(false);
    expect(isSettled(machine(backend('llm_generate', false), backend('compute', null)))).toBe(true);
  });
});
