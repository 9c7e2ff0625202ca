import { describe, expect, it } from 'vitest';

import { nearest, placeAfter, reading } from '../../src/components/chart_reading';
import { laneShape } from '../../src/components/lane_mark';

const X = [0, 1, 2, 3, 4];
const A = [10, undefined, undefined, 13, 14];
const B = [undefined, 21, 22, undefined, undefined];

describe('a crosshair', () => {
  it('reads each line at its own nearest point, and none beyond its ends', () => {
    const data = [X, A, B];
    const at = (x: number) => [null, nearest(data, 1, Math.round(x), x), nearest(data, 2, Math.round(x), x)];
    const lines = [{ label: 'a', colour: '--lane-0', points: [] }, { label: 'b', colour: '--lane-1', points: [] }];
    const read = (x: number) => reading(lines, data, at(x), x).values.map(({ line, y }) => [line.label, y]);
    expect(read(1.2)).toEqual([['a', 10], ['b', 21]]);
    expect(read(1.8)).toEqual([['a', 13], ['b', 22]]);
    expect(read(3.6)).toEqual([['a', 14]]);
    expect(read(0.2)).toEqual([['a', 10]]);
  });

  it('goes by keys from point to point, and stays between the ends', () => {
    expect(['ArrowRight', 'ArrowLeft', 'Home', 'End', 'PageUp', 'PageDown'].map((key) => placeAfter(key, 3, 20))).toEqual([4, 2, 0, 19, 13, 0]);
    expect([placeAfter('ArrowRight', 19, 20), placeAfter('ArrowRight', null, 20), placeAfter('ArrowLeft', null, 20)]).toEqual([19, 0, 19]);
    expect([placeAfter('Tab', 3, 20), placeAfter('End', null, 0)]).toEqual([null, null]);
  });
});

describe('the points of lanes', () => {
  it('differ in shape from the seventh lane on, whose colours repeat', () => {
    const paths = Array.from({ length: 9 }, (_, index) => laneShape(index).path);
    expect(new Set(paths.slice(0, 6)).size).toBe(1);
    expect(new Set(paths.slice(5)).size).toBe(4);
  });
});
