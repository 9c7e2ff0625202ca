import { describe, expect, it, vi } from 'vitest';

import type { Fit, ModelHere, Prediction } from '../../src/lib/api/engines';
import type { Machine } from '../../src/lib/api/documents';
import { fields } from '../../src/lib/schema/schema';
import { choices, filtered, gpuLabel, knownModels, lacking } from '../../src/pages/start/models';
import { Fits, fitLabel, predictionLabel } from '../../src/pages/start/text/fits.svelte';
import { parted } from '../../src/pages/start/text/open';
import { eventually } from '../eventually';

const TEXT = fields({
  type: 'object',
  properties: {
    model: { type: 'string', choices: 'models', default: '' },
    seed: { type: 'integer', default: 42 },
    temperature: { type: 'number', default: 0.2 },
    task: { type: 'string', multiline: true, default: '' },
    prompt: { type: 'string', default: 'Say.' },
  },
});

function machine(id: string, kind: string, names: string[], gpus: Partial<Machine['gpus'][number]>[] = []): Machine {
  const backend = { name: 'e', title: 'Engine', workloads: [{ kind }], models: names.map((name) => ({ name, quantization: 'Q4_0' })) };
  return { machine_id: id, label: `box ${id}`, backends: [backend], gpus } as unknown as Machine;
}

describe('the models of the machines', () => {
  const fleet = [machine('1', 'text', ['b', 'a']), machine('2', 'text', ['b']), machine('3', 'image', ['c'])];

  it('are united by name, with who has them, for their kind alone', () => {
    const found = knownModels(fleet, 'text');
    expect(found.map((each) => [each.name, each.places.map((place) => place.machine_id)])).toEqual([
      ['a', ['1']],
      ['b', ['1', '2']],
    ]);
  });

  it('are found by words of the name, the machine, the engine or the quantisation', () => {
    const all = knownModels(fleet, 'text');
    const names = (typed: string) => filtered(all, typed).map((each) => each.name);
    expect([names(''), names('BOX 2'), names('q4 a'), names('a engine'), names('zzz')]).toEqual([
      ['a', 'b'],
      ['b'],
      ['a'],
      ['a'],
      [],
    ]);
  });

  it('are of stopped engines as well, which lanes start', () => {
    const left = machine('1', 'text', ['b']);
    const [engine] = left.backends;
    if (!engine) throw new Error('no engine');
    Object.assign(engine, { reachable: true, startable: [{ name: 'f16', params: { server: 'f16' } }] });
    const places = knownModels([left], 'text').map((each) => [each.name, each.places[0]?.starts]);
    expect(places).toEqual([
      ['b', null],
      ['f16', { server: 'f16' }],
    ]);
    // The agent remembers the model of an engine that it has stopped: it is listed once.
    Object.assign(engine.models[0] ?? {}, { engines: { f16: '127.0.0.1:1' } });
    expect(knownModels([left], 'text').map((each) => [each.name, each.places[0]?.starts])).toEqual([
      ['b', { server: 'f16', model: 'b' }],
    ]);
  });

  it('are said not to be on the machines that lack them, with why', () => {
    const [one, two, three] = [machine('1', 'text', ['a']), machine('2', 'text', ['b']), machine('3', 'text', [])];
    for (const [each, reachable] of [[one, true], [two, true], [three, false]] as const) Object.assign(each.backends[0] ?? {}, { reachable });
    const [a] = knownModels([one, two, three], 'text');
    if (!a) throw new Error('no model');
    expect(lacking(a, [one, two, three, machine('4', 'image', [])], 'text').map(({ machine, reason }) => [machine.machine_id, reason])).toEqual([
      ['2', 'not installed'],
      ['3', 'no engine answers'],
    ]);
  });

  it('are suggested only where the schema says that a field names one', () => {
    const [model, seed] = TEXT;
    if (!model || !seed) throw new Error('no fields');
    expect([choices(fleet, model, 'text'), choices(fleet, seed, 'text')]).toEqual([['a', 'b'], []]);
  });
});

describe('the GPUs of the machines', () => {
  const [gpu, seed] = fields({ type: 'object', properties: { gpu: { type: 'string', choices: 'gpus' }, seed: { type: 'integer' } } });
  const one = machine('1', 'text', [], [{ index: 0, vendor: 'NVIDIA', name: 'A100' }, { index: 1, vendor: 'AMD', name: null }]);
  const two = machine('2', 'text', [], [{ index: 0, vendor: 'NVIDIA', name: 'H100' }]);

  it('are chosen by number, and reported by name', () => {
    if (!gpu || !seed) throw new Error('no fields');
    expect([choices([one, two], gpu, 'text'), choices([one], seed, 'text')]).toEqual([['0', '1'], []]);
    expect([gpuLabel([one, two], gpu), gpuLabel([one], seed)]).toEqual(['0: A100 or H100, 1: AMD.', '']);
    expect(gpuLabel([machine('3', 'text', [])], gpu)).toBe('No machine has one.');
  });
});

describe('the fields of text', () => {
  it('stand open by use, and the rest behind', () => {
    const { model, open, more } = parted(TEXT);
    expect([model?.name, open.map((each) => each.name), more.map((each) => each.name)]).toEqual([
      'model',
      ['prompt', 'temperature'],
      ['seed', 'task'],
    ]);
  });

  it('stand open for images: size and steps before what few change', () => {
    const names = ['model', 'prompt', 'negative', 'width', 'steps', 'sampler', 'seed'];
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'string', ...(name === 'model' ? { choices: 'models' } : {}) }]));
    const { open, more } = parted(fields({ type: 'object', properties }));
    expect([open.map(({ name }) => name), more.map(({ name }) => name)]).toEqual([
      ['prompt', 'width', 'steps', 'sampler'],
      ['negative', 'seed'],
    ]);
  });

  it('are all open where no field names a model', () => {
    const plain = TEXT.filter((field) => field.name !== 'model');
    expect(parted(plain)).toEqual({ model: null, open: plain, more: [] });
  });

  it('have several lines where the schema says so', () => {
    expect(TEXT.find((field) => field.name === 'task')?.type).toBe('long');
  });
});

const FIT: Fit = {
  badge: 'RISK',
  ratio: 1.1,
  need_bytes: 2 ** 30,
  weights_bytes: 2 ** 29,
  kv_bytes: 2 ** 28,
  buffer_bytes: 2 ** 28,
  buffer_assumed: true,
  usable_bytes: 1.1 * 2 ** 30,
  pool: 'system',
  context: 4096,
  slots: 1,
  missing: [],
};

const PREDICTION: Prediction = {
  decode: { value: 10.4, low: 8.84, high: 12 },
  prefill: null,
  depth: 512,
  bytes_per_token: 1.2e9,
  bandwidth_roof: 14.6,
  compute_roof: null,
  efficiency: { value: 0.71, low: 0.6, high: 0.82, in_cache: false, with_rows: false, n: 2, run_ids: ['r'] },
  prefill_efficiency: { value: 0.4, low: 0.1, high: 1, in_cache: false, with_rows: false, n: 0, run_ids: [] },
  row_overhead: 0.146,
  unmeasured: false,
  missing: ['x'],
};

describe('how fast a model should be', () => {
  it('is said with what it is made of', () => {
    expect(predictionLabel(PREDICTION)).toBe(
      'predicted 10.4 tok/s, between 8.84 and 12, at a depth of 512 tokens; reading 1.20 GB per token limits it to 14.6 tok/s; efficiency 71 % (measured in 2 lanes on this machine), and the rows of its matrices take 15 % more time',
    );
    const more = { ...PREDICTION, efficiency: { ...PREDICTION.efficiency, n: 0 }, compute_roof: 11, prefill: { value: 90, low: 60, high: 120 } };
    expect(predictionLabel(more)).toContain('(assumed: not measured on this machine yet), and the rows of its matrices take 15 % more time; compute limits it to 11 tok/s; prefill 90 tok/s, between 60 and 120');
    expect(predictionLabel({ ...PREDICTION, decode: null, missing: ['a', 'b'] })).toBe('not predicted: a; b');
  });

  it('does not count rows on a GPU', () => {
    expect(predictionLabel({ ...PREDICTION, row_overhead: 0 })).toMatch(/on this machine\)$/);
  });

  it('says that the time of the rows is not in it', () => {
    expect(predictionLabel({ ...PREDICTION, row_overhead: null })).toMatch(/on this machine\), without the time of the rows, as a width is not known$/);
  });

  it('is said to be from models in the cache', () => {
    const cached = { ...PREDICTION, efficiency: { ...PREDICTION.efficiency, in_cache: true, n: 1 } };
    expect(predictionLabel(cached)).toContain('(measured in 1 lane on this machine, only with models that fit the cache, which says little about larger ones)');
  });

  it('is known for each backend of a machine', async () => {
    const fits = new Fits((model) => Promise.resolve(new Map([['m1', { model, has_model: true, backends: ['e'], fit: FIT, predictions: { e: PREDICTION } }]])));
    fits.want(['a'], 0);
    await eventually(() => expect(fits.predicted('a', 0, 'm1', 'e')).toBe(PREDICTION));
    expect([fits.predicted('a', 0, 'm1', 'f'), fits.predicted('a', 0, 'm2', 'e')]).toEqual([null, null]);
    expect([fits.elsewhere('a', 0, 'm1'), fits.elsewhere('a', 0, 'm2')]).toEqual([PREDICTION, null]);
  });
});

describe('how models fit', () => {
  it('is said with every number', () => {
    expect(fitLabel(FIT)).toBe(
      'needs 1 GiB: 512 MiB of weights, 256 MiB for 4,096 tokens of context, 256 MiB buffer, assumed; 1.10 GiB of system memory available; 1.10 times what is needed',
    );
  });

  it('says what is missing where it is not known', () => {
    const unknown: Fit = { ...FIT, badge: 'UNKNOWN', ratio: null, need_bytes: null, usable_bytes: null, missing: ['a', 'b'] };
    expect(fitLabel(unknown)).toBe('not known: a; b');
  });

  it('is asked once for each model and context, two at a time, and anew for other machines', async () => {
    let open = 0;
    let most = 0;
    const ask = vi.fn(async (model: string): Promise<Map<string, ModelHere>> => {
      most = Math.max(most, (open += 1));
      await Promise.resolve();
      open -= 1;
      return new Map([['m1', { model, has_model: true, backends: [], fit: FIT, predictions: {} }]]);
    });
    const fits = new Fits(ask);
    const fleet = [1];
    fits.forget(fleet);
    fits.want(['a', 'b', 'c'], 0);
    fits.want(['a', 'b', 'c'], 0);
    await eventually(() => expect(fits.on('c', 0, 'm1')).toBe(FIT));
    expect([ask.mock.calls.length, most, fits.on('a', 8, 'm1'), fits.on('a', 0, 'm2')]).toEqual([3, 2, null, null]);
    fits.forget(fleet);
    fits.want(['a'], 0);
    expect(ask.mock.calls.length).toBe(3);
    fits.forget([2]);
    fits.want(['a'], 0);
    expect(ask.mock.calls.length).toBe(4);
  });
});
