/** Where the rounds of a result lie on one axis: linear, in the unit of the metric, as wide as the values need. */

import { csv, withUnit } from '../format/csv';
import type { Result } from '../api/documents';

/** From so many rounds on a lane has a box as well: fewer are read one by one. */
export const MIN_BOXED = 15;
/** After Tukey: a whisker ends at the last round within this many heights of the box. */
const REACH = 1.5;

/** Quartiles, and the ends of the whiskers. */
export interface Box {
  low: number;
  first: number;
  third: number;
  high: number;
}

export interface Strip {
  lane_id: string;
  /** Parts of the axis, 0 to 1. */
  rounds: readonly { at: number; value: number }[];
  median: { at: number; value: number } | null;
  interval: readonly [number, number] | null;
  /** As parts of the axis too. */
  box: Box | null;
}

export interface Strips {
  ticks: readonly { at: number; value: number }[];
  rows: readonly Strip[];
}

/** Null where no lane has a counted round. */
export function stripsOf(result: Result, most = 8): Strips | null {
  const values = result.lanes.flatMap((lane) => [...lane.rounds, ...(lane.ci95 ?? [])]).filter(Number.isFinite);
  if (!result.lanes.some((lane) => lane.rounds.length > 0)) return null;
  const ticks = ticksOf(Math.min(...values), Math.max(...values), most);
  const [first = 0, last = 1] = [ticks[0], ticks.at(-1)];
  const place = (value: number) => ({ at: (value - first) / (last - first), value });
  return {
    ticks: ticks.map(place),
    rows: result.lanes.map((lane) => {
      const median = medianOf(lane.rounds);
      const box = boxOf(lane.rounds);
      return {
        lane_id: lane.lane_id,
        rounds: lane.rounds.map(place),
        median: median === null ? null : place(median),
        interval: lane.ci95 === null ? null : [place(lane.ci95[0]).at, place(lane.ci95[1]).at],
        box: box && { low: place(box.low).at, first: place(box.first).at, third: place(box.third).at, high: place(box.high).at },
      };
    }),
  };
}

export function medianOf(values: readonly number[]): number | null {
  return quantileOf([...values].sort((one, other) => one - other), 0.5);
}

/** The box of a lane's rounds; null where they are too few. */
export function boxOf(values: readonly number[]): Box | null {
  const sorted = [...values].sort((one, other) => one - other);
  const [first, third] = [quantileOf(sorted, 0.25), quantileOf(sorted, 0.75)];
  if (sorted.length < MIN_BOXED || first === null || third === null) return null;
  const reach = REACH * (third - first);
  const within = sorted.filter((value) => value >= first - reach && value <= third + reach);
  return { low: within[0] ?? first, first, third, high: within.at(-1) ?? third };
}

/** The value at a part of sorted ones, between two of them on a straight line. */
function quantileOf(sorted: readonly number[], part: number): number | null {
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? null : low + (high - low) * (at % 1);
}

/** One row a lane: all that the plot draws of it. */
export function stripsCsv(result: Result, label: (lane_id: string) => string): string {
  const rounds = Math.max(0, ...result.lanes.map((lane) => lane.rounds.length));
  const numbers = Array.from({ length: rounds }, (_, at) => at);
  const boxes = result.lanes.map((lane) => boxOf(lane.rounds));
  const boxed = boxes.some((box) => box !== null);
  const box = boxed ? ['low whisker', 'first quartile', 'third quartile', 'high whisker'] : [];
  const heads = ['median', 'low end of 95 % interval', 'high end of 95 % interval', ...box, ...numbers.map((at) => `counted round ${at + 1}`)];
  return csv([
    ['Lane', ...heads.map((head) => withUnit(`${result.title}: ${head}`, result.unit))],
    ...result.lanes.map((lane, at) => [
      label(lane.lane_id),
      medianOf(lane.rounds),
      lane.ci95?.[0] ?? null,
      lane.ci95?.[1] ?? null,
      ...(boxed ? [boxes[at]?.low ?? null, boxes[at]?.first ?? null, boxes[at]?.third ?? null, boxes[at]?.high ?? null] : []),
      ...numbers.map((at) => lane.rounds[at] ?? null),
    ]),
  ]);
}

/** Round values from one at or below the least to one at or above the greatest. */
export function ticksOf(low: number, high: number, most: number): number[] {
  const span = high - low || Math.abs(high) / 10 || 1;
  const rough = span / Math.max(1, most - 2);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const from = Math.floor(low / step + 1e-9);
  const to = Math.max(from + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: to - from + 1 }, (_, at) => Number(((from + at) * step).toPrecision(12)));
}
