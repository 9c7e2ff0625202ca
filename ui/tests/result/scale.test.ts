import { describe, expect, it } from 'vitest';

import type { Result } from '../../src/lib/api/documents';
import { MAX_DOTS, MAX_END, scaleOf } from '../../src/lib/result/scale';
import { resultOf } from '../result';

function withInterval(result: Result, lane_id: string, ci95: [number, number]): Result {
  return { ...result, lanes: result.lanes.map((lane) => (lane.lane_id === lane_id ? { ...lane, ci95 } : lane)) };
}

describe('the scale of a result', () => {
  it('has the best lane’s bar where its value is, and room for its interval and its best round', () => {
    const result = withInterval(resultOf({ q8: [120, 200], f16: [80, 80] }), 'q8', [40, 240]);
    const { end, bars } = scaleOf(result);
    expect(end).toBe(240 / 160);
    expect(bars.get('q8')).toMatchObject({ fill: 1 / end, low: { at: expect.closeTo(40 / 240) as number }, high: { at: 1, beyond: false } });
    expect(bars.get('f16')?.fill).toBeCloseTo(80 / 240);
    expect(bars.get('q8')?.dots.map((dot) => dot.at)).toEqual([expect.closeTo(0.5), expect.closeTo(200 / 240)]);
  });

  it('turns over what is better when it is less, and an interval from nothing on', () => {
    const result = withInterval(resultOf({ fast: [100], slow: [400] }, { better: 'lower' }), 'fast', [-20, 200]);
    const { end, bars } = scaleOf(result);
    expect(end).toBe(1);
    expect(bars.get('slow')?.fill).toBe(0.25);
    expect(bars.get('fast')).toMatchObject({ low: { at: 0.5 }, high: { at: 1, beyond: true } });
  });

  it('is not flattened by one round that is far away, and says so of it', () => {
    const { end, bars } = scaleOf(resultOf({ a: [100, 100, 100, 900] }));
    expect(end).toBe(MAX_END);
    expect(scaleOf(resultOf({ a: [100], b: [1, 1, 250] })).bars.get('b')?.dots.at(-1)).toMatchObject({ at: 1, beyond: true, value: 250 });
    expect(bars.get('a')?.fill).toBe(0.5);
  });

  it('has no bar for a lane without a value, and none for any without one', () => {
    const { bars } = scaleOf(resultOf({ a: [5], none: [] }));
    expect(bars.get('none')).toEqual({ fill: null, low: null, high: null, dots: [] });
    expect(scaleOf(resultOf({ none: [] })).bars.get('none')?.fill).toBeNull();
  });

  it('draws no more dots than can be seen, with the least and the greatest', () => {
    const rounds = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
    const dots = scaleOf(resultOf({ a: rounds })).bars.get('a')?.dots ?? [];
    expect(dots).toHaveLength(MAX_DOTS);
    expect([dots[0]?.value, dots.at(-1)?.value]).toEqual([1, 1_000]);
  });
});
