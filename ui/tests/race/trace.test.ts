import { describe, expect, it } from 'vitest';

import { doneAt, EMPTY, extend, latestRate, MAX_POINTS, rates } from '../../src/lib/race/trace';

function steady(count: number, every_ms: number) {
  let trace = EMPTY;
  for (let index = 1; index <= count; index += 1) trace = extend(trace, index * every_ms, index);
  return trace;
}

describe('a trace', () => {
  it('never has more than its points, and keeps first and last', () => {
    const trace = steady(10_000, 20);
    expect(trace.points.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(trace.points[0]).toEqual({ ms: 0, done: 0 });
    expect(trace.points.at(-1)).toEqual({ ms: 200_000, done: 10_000 });
  });

  it('stays true between its points however much was thinned out', () => {
    const trace = steady(10_000, 20);
    for (const ms of [0, 1_234, 99_990, 200_000]) expect(doneAt(trace, ms)).toBeCloseTo(ms / 20, 0);
    expect(doneAt(trace, 1e9)).toBe(10_000);
  });

  it('moves its last point for what comes too soon', () => {
    const trace = extend(extend(extend(EMPTY, 20, 1), 21, 2), 22, 3);
    expect(trace.points).toEqual([
      { ms: 0, done: 0 },
      { ms: 20, done: 1 },
      { ms: 22, done: 3 },
    ]);
  });

  it('gives rates per second', () => {
    for (const rate of rates(steady(50, 20))) expect(rate.done).toBeCloseTo(50);
  });
});

describe('latestRate', () => {
  it('is the slope of the last points, and none where there are few', () => {
    const points = [0, 1, 2, 3, 4].map((at) => ({ ms: at * 100, done: at < 3 ? 0 : (at - 2) * 50 }));
    expect(latestRate({ points, step_ms: 10 }, 2)).toBe(500);
    expect(latestRate({ points, step_ms: 10 })).toBeCloseTo(100 / 0.3);
    expect(latestRate({ points: points.slice(0, 3), step_ms: 10 })).toBeNull();
  });
});
