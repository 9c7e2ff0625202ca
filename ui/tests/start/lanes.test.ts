import { describe, expect, it } from 'vitest';

import { emptyLane } from '../../src/lib/spec/draft';
import type { Known } from '../../src/pages/start/models';
import { count, lanesBy, sweep, withModels } from '../../src/pages/start/text/lanes';

function model(name: string, ...places: [machine: string, backend: string][]): Known {
  return {
    name,
    places: places.map(([machine_id, backend]) => ({
      machine_id,
      machine: machine_id.toUpperCase(),
      backend,
      title: backend,
      model: { name },
    })),
  };
}

const SMALL = model('small', ['m1', 'a'], ['m2', 'a'], ['m2', 'b']);
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
    expect(withModels([], 'model', [SMALL, LARGE], 1)).toEqual([
      { ...emptyLane(), params: { model: 'small' } },
      { ...emptyLane(), params: { model: 'large' } },
    ]);
  });

  it('keep what else differs', () => {
    const lanes = [{ ...emptyLane(), machine: 'm1' }, { ...emptyLane(), machine: 'm2', params: { model: 'old' } }];
    expect(withModels(lanes, 'model', [model('x'), model('y')], 1).map((lane) => [lane.machine, lane.params.model])).toEqual([
      ['m1', 'x'],
      ['m1', 'y'],
      ['m2', 'x'],
      ['m2', 'y'],
    ]);
    expect(withModels(lanes, 'model', [], 2).map((lane) => [lane.machine, lane.params])).toEqual([
      ['m1', {}],
      ['m2', {}],
    ]);
  });

  it('are on the engine that has the model, where there are several kinds of engine', () => {
    const seats = (lanes: ReturnType<typeof emptyLane>[], chosen: Known[]) =>
      withModels(lanes, 'model', chosen, 2).map((lane) => [lane.machine, lane.backend, lane.params.model]);
    expect(seats([], [LARGE])).toEqual([['', 'a', undefined]]);
    expect(seats([], [SMALL, LARGE])).toEqual([
      ['m1', 'a', 'small'],
      ['m2', 'a', 'small'],
      ['m2', 'b', 'small'],
      ['', 'a', 'large'],
    ]);
    expect(seats([{ ...emptyLane(), machine: 'm1', backend: 'b' }], [SMALL])).toEqual([['m1', 'a', undefined]]);
    expect(seats([], [model('nowhere')])).toEqual([]);
  });

  it('are none where nothing differs any more', () => {
    const lanes = ['x', 'y'].map((name) => ({ ...emptyLane(), params: { model: name } }));
    expect(withModels(lanes, 'model', [], 2)).toEqual([]);
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
