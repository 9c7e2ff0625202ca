import { describe, expect, it } from 'vitest';

import type { Model } from '../../src/lib/api/documents';
import { emptyLane } from '../../src/lib/spec/draft';
import type { KnownModel } from '../../src/pages/start/models';
import { count, doubled, lanesBy, modelOf, onReal, sweep, withModels } from '../../src/pages/start/text/lanes';

function model(name: string, ...places: [machine: string, backend: string, starts?: Record<string, string>][]): KnownModel {
  return {
    name,
    places: places.map(([machine_id, backend, starts = null]) => ({
      machine_id,
      machine: machine_id.toUpperCase(),
      backend,
      title: backend,
      model: { name } as Model,
      starts,
    })),
  };
}

const SMALL = model('small', ['m1', 'a'], ['m2', 'a'], ['m2', 'b']);
const FLEET = { machines: 2, engines: 2, away: new Set<string>() };
const ALONE = { ...FLEET, machines: 1, engines: 1 };
const LARGE = model('large', ['m2', 'a']);

describe('lanes at one press', () => {
  it('are of machines, on each engine there, and name no model that all lanes have', () => {
    expect(lanesBy('machine', 'model', [SMALL])).toEqual([
      { ...emptyLane(), machine: 'm1', backend: 'a' },
      { ...emptyLane(), machine: 'm2', backend: 'a' },
      { ...emptyLane(), machine: 'm2', backend: 'b' },
    ]);
  });

  it('are of engines, each once', () => {
    expect(lanesBy('engine', 'model', [SMALL]).map((lane) => lane.backend)).toEqual(['a', 'b']);
  });

  it('are of several models only where these are', () => {
    const made = lanesBy('machine', 'model', [SMALL, LARGE]);
    expect(made.map((lane) => [lane.machine, lane.params.model])).toEqual([
      ['m1', 'small'],
      ['m2', 'small'],
      ['m2', 'small'],
      ['m2', 'large'],
    ]);
  });

  it('are counted by what they are of', () => {
    expect([count('model', [SMALL, LARGE]), count('machine', [SMALL]), count('engine', [LARGE])]).toEqual([2, 2, 1]);
  });
});

describe('lanes with models', () => {
  it('are one for each model where there was none', () => {
    const [one, two] = [model('one', ['m1', 'a']), model('two', ['m1', 'a'])];
    expect(withModels([], 'model', [one, two], ALONE)).toEqual([
      { ...emptyLane(), params: { model: 'one' } },
      { ...emptyLane(), params: { model: 'two' } },
    ]);
  });

  it('keep what else differs', () => {
    const lanes = [{ ...emptyLane(), machine: 'm1' }, { ...emptyLane(), machine: 'm2', params: { model: 'old' } }];
    expect(withModels(lanes, 'model', [model('x'), model('y')], FLEET).map((lane) => [lane.machine, lane.params.model])).toEqual([
      ['m1', 'x'],
      ['m1', 'y'],
      ['m2', 'x'],
      ['m2', 'y'],
    ]);
    const [other] = lanes.map((lane) => ({ ...lane, params: { model: 'old', seed: '7' } }));
    expect(withModels(other ? [other] : [], 'model', [], FLEET).map((lane) => [lane.machine, lane.params])).toEqual([['m1', { seed: '7' }]]);
    expect(withModels(lanes, 'model', [], FLEET)).toEqual([]);
  });

  it('are on the engine that has the model, where there are several kinds of engine', () => {
    const seats = (lanes: ReturnType<typeof emptyLane>[], chosen: KnownModel[]) =>
      withModels(lanes, 'model', chosen, FLEET).map((lane) => [lane.machine, lane.backend, lane.params.model]);
    expect(seats([], [LARGE])).toEqual([['m2', 'a', undefined]]);
    expect(seats([], [SMALL, LARGE])).toEqual([
      ['m1', 'a', 'small'],
      ['m2', 'a', 'small'],
      ['m2', 'b', 'small'],
      ['m2', 'a', 'large'],
    ]);
    expect(seats([{ ...emptyLane(), machine: 'm1', backend: 'b' }], [LARGE])).toEqual([['m2', 'a', undefined]]);
    expect(seats([], [model('nowhere')])).toEqual([]);
  });

  it('are one on each machine, and name none where very many have the model', () => {
    const everywhere = model('x', ['m1', 'a'], ['m2', 'a']);
    const machines = (fleet: Partial<typeof FLEET>, chosen = everywhere) =>
      withModels([], 'model', [chosen], { ...FLEET, engines: 1, ...fleet }).map((lane) => lane.machine);
    expect(withModels([], 'model', [everywhere], FLEET)).toEqual([
      { ...emptyLane(), machine: 'm1', backend: 'a' },
      { ...emptyLane(), machine: 'm2', backend: 'a' },
    ]);
    expect(machines({ machines: 3 })).toEqual(['m1', 'm2']);
    const nine = model('x', ...Array.from({ length: 9 }, (_, at): [string, string] => [`m${at}`, 'a']));
    expect(machines({ machines: 9 }, nine)).toEqual([]);
    expect(machines({ machines: 9, away: new Set(['m3']) }, nine)).toEqual(['m0', 'm1', 'm2', 'm4', 'm5', 'm6', 'm7', 'm8']);
  });

  it('leave no model out where there are very many', () => {
    const machines = Array.from({ length: 8 }, (_, at): [string, string] => [`m${at}`, 'a']);
    const models = Array.from({ length: 9 }, (_, at) => model(`x${at}`, ...machines));
    const lanes = withModels([], 'model', models, { machines: 8, engines: 1, away: new Set<string>() });
    expect(lanes.map((lane) => [lane.machine, lane.params.model])).toEqual(models.map(({ name }) => ['', name]));
    expect(withModels([], 'model', models.slice(1), { machines: 8, engines: 1, away: new Set<string>() })).toHaveLength(64);
  });

  it('are on simulated machines only where no real one has the model', () => {
    const both = model('x', ['m1', 'a'], ['s1', 'a']);
    expect(onReal(both, new Set(['s1'])).places.map((place) => place.machine_id)).toEqual(['m1']);
    expect(onReal(both, new Set(['s1', 'm1'])).places).toHaveLength(2);
  });

  it('start an engine that does not run, and are recognized again', () => {
    const stopped = [
      model('f16', ['m1', 'a', { server: 'f16' }]),
      model('q8', ['m1', 'a', { server: 'two', model: 'q8' }]),
    ];
    const lanes = withModels([], 'model', stopped, FLEET);
    expect(lanes.map((lane) => [lane.machine, lane.params])).toEqual([
      ['m1', { server: 'f16' }],
      ['m1', { server: 'two', model: 'q8' }],
    ]);
    expect(lanes.map((lane) => modelOf(lane, 'model', stopped))).toEqual(['f16', 'q8']);
    const running = { name: 'f16.gguf', engines: { f16: '127.0.0.1:1' } } as unknown as Model;
    const [place] = stopped[0]?.places ?? [];
    const started = { name: 'f16.gguf', places: place ? [{ ...place, model: running, starts: null }] : [] };
    expect(lanes.map((lane) => modelOf(lane, 'model', [started]))).toEqual(['f16.gguf', 'q8']);
    expect(withModels(lanes, 'model', [LARGE], FLEET).map((lane) => [lane.machine, lane.params])).toEqual([['m2', {}]]);
  });

  it('are none where nothing differs any more', () => {
    const lanes = ['x', 'y'].map((name) => ({ ...emptyLane(), params: { model: name } }));
    expect(withModels(lanes, 'model', [], FLEET)).toEqual([]);
  });
});

describe('a sweep', () => {
  it('takes numbers each once, upwards', () => {
    expect(sweep('8, 1 2,4; 2')).toEqual(['1', '2', '4', '8']);
  });

  it('takes nothing where one of them is no number of streams', () => {
    expect([sweep('1, two'), sweep('0, 1'), sweep('1.5, 2'), sweep('')]).toEqual([[], [], [], []]);
  });
});

describe('the threads of a sweep', () => {
  it('double up to the most', () => {
    expect([1, 2, 6, 8].map(doubled)).toEqual(['1', '1, 2', '1, 2, 4, 6', '1, 2, 4, 8']);
  });
});
