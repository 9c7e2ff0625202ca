import { describe, expect, it } from 'vitest';

import type { Machine } from '../../src/lib/api/documents';
import { readyMade } from '../../src/pages/start/ready_made';

const COUNTING = { name: 'compute', title: 'Sieves', reachable: true, models: [], startable: [], workloads: [{ kind: 'compute' }] };

function model(name: string, size: number | null, capabilities: string[] = []): unknown {
  return { name, size, capabilities, engines: {}, loaded: null, quantization: null };
}

function engine(models: unknown[], more: object = {}): unknown {
  return { name: 'ollama', title: 'Ollama', reachable: true, models, startable: [], workloads: [{ kind: 'llm_generate' }], ...more };
}

function machine(id: string, backends: unknown[], more: object = {}): Machine {
  return { machine_id: id, label: `box ${id}`, state: 'ready', threads: 8, host_id: id, share_host: false, backends, ...more } as unknown as Machine;
}

const nowhere = () => false;
const titles = (...machines: Machine[]) => readyMade(machines, nowhere).map(({ title }) => title);
const lanes = (...machines: Machine[]) => readyMade(machines, nowhere).map(({ spec }) => spec.lanes);

describe('a ready-made race of threads', () => {
  it('is one thread against all, on this computer where it is a machine', () => {
    const [card] = readyMade([machine('1', [COUNTING]), machine('2', [COUNTING])], ({ machine_id }) => machine_id === '2');
    expect(card).toEqual({
      title: 'This computer',
      text: '1 thread against all 8 threads, counting primes',
      spec: {
        kind: 'compute',
        params: { n: 'auto' },
        lanes: [{ machine_id: '2', params: { threads: 1 } }, { machine_id: '2', params: { threads: 0 } }],
      },
    });
    expect(titles(machine('1', [COUNTING]))).toEqual(['box 1']);
  });

  it('is none where there is one thread, no plugin for it, or no connection', () => {
    expect(titles(machine('1', [COUNTING], { threads: 1 }))).toEqual([]);
    expect(titles(machine('1', [engine([])]))).toEqual([]);
    expect(titles(machine('1', [COUNTING], { state: 'lost' }))).toEqual([]);
    expect(titles(machine('1', [COUNTING], { simulated: true }))).toEqual([]);
  });
});

describe('a ready-made race of models', () => {
  it('takes the two smallest that write text on one machine', () => {
    const models = [model('large', 9), model('unknown', null), model('small', 2), model('embed', 1, ['embedding']), model('middle', 5, ['completion'])];
    expect(lanes(machine('1', [engine(models)]))).toEqual([
      [
        { machine_id: '1', backend: 'ollama', params: { model: 'small' } },
        { machine_id: '1', backend: 'ollama', params: { model: 'middle' } },
      ],
    ]);
  });

  it('takes engines that a lane starts', () => {
    const startable = ['a', 'b'].map((name) => ({ name, params: { server: name } }));
    const [pair] = lanes(machine('1', [engine([], { reachable: false, startable })]));
    expect(pair?.map((lane) => lane.params)).toEqual([{ server: 'a' }, { server: 'b' }]);
  });

  it('is none where no machine has two, or its engine does not answer', () => {
    expect(titles(machine('1', [engine([model('a', 1)])]), machine('2', [engine([model('b', 1)])]))).toEqual([]);
    expect(titles(machine('1', [engine([model('a', 1), model('b', 1)], { reachable: false })]))).toEqual([]);
  });
});

describe('a ready-made race of machines', () => {
  it('takes two that may race each other', () => {
    const one = machine('1', [COUNTING]);
    expect(titles(one, machine('2', [COUNTING]))).toEqual(['box 1', 'Two machines']);
    expect(lanes(one, machine('2', [COUNTING]))[1]).toEqual([{ machine_id: '1' }, { machine_id: '2' }]);
    expect(titles(one, machine('2', [COUNTING], { host_id: '1' }))).toEqual(['box 1']);
    const shared = ['1', '2'].map((id) => machine(id, [COUNTING], { host_id: '1', share_host: true }));
    expect(titles(...shared)).toEqual(['box 1', 'Two machines']);
  });
});
