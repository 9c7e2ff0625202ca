import { describe, expect, it } from 'vitest';

import { boxOf, MIN_BOXED, medianOf, stripsCsv, stripsOf, ticksOf } from '../../src/lib/result/strip';
import { resultOf } from '../result';

describe('the strips of a result', () => {
  it('lie on one axis of round values, in the order of the result', () => {
    const result = resultOf({ b: [180, 190, 200], a: [100, 120] });
    const [first] = result.lanes;
    if (first) first.ci95 = [175, 205];
    const strips = stripsOf(result);
    const [start = 0, end = 0] = [strips?.ticks[0]?.value, strips?.ticks.at(-1)?.value];
    expect([start, end]).toEqual([100, 220]);
    expect(strips?.rows.map((row) => row.lane_id)).toEqual(['b', 'a']);
    const [b, a] = strips?.rows ?? [];
    expect(b?.rounds.map((round) => start + round.at * (end - start))).toEqual([180, 190, 200].map((value) => expect.closeTo(value)));
    expect(b?.interval?.map((at) => start + at * (end - start))).toEqual([expect.closeTo(175), expect.closeTo(205)]);
    expect(b?.median?.value).toBe(190);
    expect(a?.median?.value).toBe(110);
    expect(a?.interval).toBeNull();
  });

  it('keep the row of a lane without rounds, and are none without any round', () => {
    expect(stripsOf(resultOf({ a: [3, 4], b: [] }))?.rows[1]).toEqual({ lane_id: 'b', rounds: [], median: null, interval: null, box: null });
    expect(stripsOf(resultOf({ a: [] }))).toBeNull();
  });

  it('have ticks even where all rounds are alike', () => {
    for (const value of [0, 7, -3, 2.5e9, 1e-6]) {
      const ticks = ticksOf(value, value, 6);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks[0]).toBeLessThanOrEqual(value);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(value);
    }
  });

  it('are saved with all that they draw', () => {
    const result = resultOf({ b: [4, 2, 3], a: [1] });
    const [first] = result.lanes;
    if (first) first.ci95 = [2.5, 3.5];
    expect(stripsCsv(result, (id) => `lane ${id}`).split('\r\n')).toEqual([
      'Lane,Rate: median (tok/s),Rate: low end of 95 % interval (tok/s),Rate: high end of 95 % interval (tok/s),Rate: counted round 1 (tok/s),Rate: counted round 2 (tok/s),Rate: counted round 3 (tok/s)',
      'lane b,3,2.5,3.5,4,2,3',
      'lane a,1,,,1,,',
      '',
    ]);
  });

  it('have a box from a number of rounds on, whose whiskers leave outliers out', () => {
    const rounds = [2, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 30];
    expect(rounds).toHaveLength(MIN_BOXED);
    expect(boxOf([...rounds].reverse())).toEqual({ low: 2, first: 5, third: 8.5, high: 10 });
    expect(boxOf(rounds.slice(1))).toBeNull();
    expect(boxOf(Array.from({ length: MIN_BOXED }, () => 7))).toEqual({ low: 7, first: 7, third: 7, high: 7 });
    const strips = stripsOf(resultOf({ a: rounds, b: [4, 5] }));
    const [start = 0, end = 0] = [strips?.ticks[0]?.value, strips?.ticks.at(-1)?.value];
    const box = strips?.rows[0]?.box;
    expect([box?.low, box?.high].map((at) => start + (at ?? 0) * (end - start))).toEqual([expect.closeTo(2), expect.closeTo(10)]);
    expect(strips?.rows[1]?.box).toBeNull();
    const [heads, a, b] = stripsCsv(resultOf({ a: rounds, b: [4, 5] }), (id) => id).split('\r\n');
    expect(heads).toContain('Rate: low whisker (tok/s),Rate: first quartile (tok/s),Rate: third quartile (tok/s),Rate: high whisker (tok/s)');
    expect(a).toMatch(/^a,7,,,2,5,8\.5,10,2,/);
    expect(b).toMatch(/^b,4\.5,,,,,,,4,5/);
  });

  it('have the middle of an even number of rounds as median', () => {
    expect([medianOf([]), medianOf([5]), medianOf([4, 1]), medianOf([9, 1, 2])]).toEqual([null, 5, 2.5, 2]);
  });
});
