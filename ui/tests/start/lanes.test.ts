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
  it('are of machines, each once, and name no model that all lanes have', () => {
    expect(lanesBy('machine', 'model', [SMALL])).toEqual([
      { ...emptyLane(), machine: 'm1' },
      { ...emptyLane(), machine: 'm2' },
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
      ['m2', 'large'],
    ]);
  });

  it('are counted by what they are of', () => {
    expect([count('model', [SMALL, LARGE]), count('machine', [SMALL]), count('engine', [LARGE])]).toEqual([2, 2, 1]);
  });
});

describe('lanes with models', () => {
  it('are one for each model where there was none', () => {
    expect(withModels([], 'model', ['small', 'large'])).toEqual([
      { ...emptyLane(), params: { model: 'small' } },
      { ...emptyLane(), params: { model: 'large' } },
    ]);
  });

  it('keep what else differs', () => {
    const lanes = [{ ...emptyLane(), machine: 'm1' }, { ...emptyLane(), machine: 'm2', params: { model: 'old' } }];
    expect(withModels(lanes, 'model', ['x', 'y']).map((lane) => [lane.machine, lane.params.model])).toEqual([
      ['m1', 'x'],
      ['m1', 'y'],
      ['m2', 'x'],
      ['m2', 'y'],
    ]);
    expect(withModels(lanes, 'model', []).map((lane) => [lane.machine, lane.params])).toEqual([
      ['m1', {}],
      ['m2', {}],
    ]);
  });

  it('are none where nothing differs any more', () => {
    const lanes = ['x', 'y'].map((name) => ({ ...emptyLane(), params: { model: name } }));
    expect(withModels(lanes, 'model', [])).toEqual([]);
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
