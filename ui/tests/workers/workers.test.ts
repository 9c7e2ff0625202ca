/** Lanes over several machines: who may lend itself, what a specification has, and what a race shows. */
import { describe, expect, it } from 'vitest';

import type { Kind, RunDocument } from '../../src/lib/api/documents';
import { lendingLabel, machinesOf, starting } from '../../src/lib/race/machines';
import { begin } from '../../src/lib/race/state';
import { command, toml } from '../../src/lib/spec/command';
import { check, emptyLane, fromSpec } from '../../src/lib/spec/draft';
import { machineLabel } from '../../src/pages/race/track/lane_labels';
import { lenders } from '../../src/pages/start/workers';
import { documentOf } from '../log';

const WORK = { kind: 'llm_generate', title: 'Text', digest: 'd' };
const KIND = {
  kind: 'llm_generate',
  offers: [
    { backend: 'llamacpp', workload: { spans: true } },
    { backend: 'ollama', workload: { spans: false } },
  ],
} as unknown as Kind;

function machine(machine_id: string, name: string, operations: string[] = ['lend'], workloads = [WORK]) {
  return { machine_id, label: machine_id.toUpperCase(), backends: [{ name, operations: operations as never, workloads }] };
}

describe('workers of a lane', () => {
  const machines = [machine('a', 'llamacpp'), machine('b', 'llamacpp', ['lend'], []), machine('c', 'ollama'), machine('d', 'llamacpp', [])];
  const names = (lane: Partial<ReturnType<typeof emptyLane>>) => lenders({ ...emptyLane(), ...lane }, KIND, machines).map(({ machine_id }) => machine_id);

  it('are other machines whose backend lends, also where it offers no work itself', () => {
    expect(names({ machine: 'a' })).toEqual(['b']);
    expect(names({ machine: 'a', backend: 'llamacpp' })).toEqual(['b']);
  });

  it('are none for a lane of one machine', () => {
    expect(names({})).toEqual([]);
    expect(names({ machine: 'a', backend: 'ollama' })).toEqual([]);
    expect(names({ machine: 'c' })).toEqual([]);
    expect(lenders({ ...emptyLane(), machine: 'a' }, null, machines)).toEqual([]);
  });
});

it('keeps workers in a specification, its command and its file', () => {
  const spec = { kind: 'llm_generate', lanes: [{ machine_id: 'a', workers: ['b', 'c'] }, { machine_id: 'd' }], rounds: 5, warmup: 1 };
  expect(check(fromSpec(spec), [], null).spec).toEqual(spec);
  expect(command(spec)).toContain('--lane machine=a,workers=b+c --lane machine=d');
  expect(toml(spec)).toContain('workers = ["b", "c"]');
});

it('counts as machines that start rounds those with load of their own', () => {
  const client = { machine_id: 'c', job_id: null };
  expect(starting([{ machine_id: 'a', workers: ['b'] }])).toBe(1);
  expect(starting([{ machine_id: 'a', workers: ['b'], clients: [client] }, { machine_id: 'a' }])).toBe(2);
});

describe('a race over two machines', () => {
  function spanning(label = 'over m1 + Mac 2'): RunDocument {
    const run = documentOf(['a', 'b']);
    const [a, b] = run.lanes;
    if (!a || !b) throw new Error('two lanes');
    const devices = [{ name: 'Metal', total_bytes: null, free_bytes: 48 * 2 ** 30 }, { name: 'CPU', total_bytes: null, free_bytes: null }];
    const peer = { machine_id: 'm2', label: 'Mac 2', endpoint: '10.0.0.2:50052', build: 'b11434', protocol: null, devices };
    return { ...run, lanes: [{ ...a, label, workers: ['m2'], peers: [peer] }, b], machines: { m2: { label: 'Mac 2' } } as never };
  }

  it('lists its worker, which is not sampled', () => {
    const run = spanning();
    expect(machinesOf(run.lanes)).toEqual(['m1', 'm2']);
    expect(lendingLabel(run, 'm2')).toBe('Not sampled: worker of the lane “over m1 + Mac 2”, build b11434, Metal with 48 GiB, CPU');
    expect(lendingLabel(run, 'm1')).toBe('');
  });

  it('names its machines once: in its label, or beside it', () => {
    const shown = (run: RunDocument) => machineLabel(run, begin(run).lanes.a as never, 2, []);
    expect(shown(spanning())).toBe('');
    expect(shown(spanning('70B'))).toBe('m1 + Mac 2');
  });
});
