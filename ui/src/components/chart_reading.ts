/** What lines are at one place along x, for a crosshair. */

import type { Line } from './chart';

export interface Reading {
  x: number;
  /** The value of each line that has one there, in the order of the lines. */
  values: readonly { line: Line; y: number }[];
}

type Data = ArrayLike<ArrayLike<number | null | undefined>>;

/** The point of a line that is nearest to x; null before its first and after its last. */
export function nearest(data: Data, line: number, at: number, x: number): number | null {
  const [xs, ys] = [data[0] ?? [], data[line] ?? []];
  let [low, high] = [at, at];
  while (low >= 0 && ys[low] == null) low -= 1;
  while (high < ys.length && ys[high] == null) high += 1;
  if (low < 0 || high >= ys.length) return null;
  return x - (xs[low] ?? 0) <= (xs[high] ?? 0) - x ? low : high;
}

/** Read each line at its own point. */
export function reading(lines: readonly Line[], data: Data, points: readonly (number | null)[], x: number): Reading {
  const values = lines.flatMap((line, index) => {
    const at = points[index + 1];
    const y = at == null ? null : data[index + 1]?.[at];
    return y == null ? [] : [{ line, y }];
  });
  return { x, values };
}

/** The place that a key goes to, of so many: arrows one step, page keys ten, Home and End to the ends. */
export function placeAfter(key: string, at: number | null, places: number): number | null {
  const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[key];
  if (places === 0 || (step === undefined && key !== 'Home' && key !== 'End')) return null;
  if (key === 'Home' || (at === null && (step ?? 0) > 0)) return 0;
  if (key === 'End' || at === null) return places - 1;
  return Math.min(places - 1, Math.max(0, at + (step ?? 0)));
}
