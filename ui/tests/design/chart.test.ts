import uPlot from 'uplot';
import { describe, expect, it } from 'vitest';

import { data, type Line } from '../../src/components/chart';

/** So many lines of 100 points, none at the place of another line's. */
function lines(count: number, every = 0.2): Line[] {
  return Array.from({ length: count }, (_, line) => ({
    label: `${line}`,
    colour: '--lane-0',
    points: Array.from({ length: 100 }, (_, at) => ({ x: at * every + line / 1000, y: line * 100 + at })),
  }));
}

const join = uPlot.join.bind(uPlot);

describe('the data of a chart', () => {
  it('has each point at its own place while the lines are few', () => {
    const [xs] = data(lines(4), join);
    expect(xs).toHaveLength(400);
    expect([...xs]).toEqual(lines(4).flatMap((line) => line.points.map((point) => point.x)).sort((one, other) => one - other));
  });

  it('shares places among many lines, less than a pixel from their own, with the values as they are', () => {
    const many = lines(64);
    const [xs, ...ys] = data(many, join);
    expect(xs.length).toBeLessThanOrEqual(513);
    many.forEach((line, at) => {
      const places = [...(ys[at] ?? [])].flatMap((y, place) => (y == null ? [] : [{ x: xs[place] ?? NaN, y }]));
      expect(places.map((place) => place.y)).toEqual(line.points.map((point) => point.y));
      places.forEach((place, point) => expect(Math.abs(place.x - (line.points[point]?.x ?? NaN))).toBeLessThanOrEqual(20 / 512));
    });
  });

  it('keeps the numbers of rounds', () => {
    const rounds = Array.from({ length: 600 }, (_, at) => ({ x: at + 1, y: at }));
    const [xs] = data([{ label: 'a', colour: '--lane-0', points: rounds }], join, true);
    expect(xs).toHaveLength(600);
  });
});
