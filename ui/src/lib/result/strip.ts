/** Where the rounds of a result lie on one axis: linear, in the unit of the metric, as wide as the values need. */

import { csv, withUnit } from '../format/csv';
import type { Result } from '../api/documents';

export interface Strip {
  lane_id: string;
  /** Parts of the axis, 0 to 1. */
  rounds: readonly { at: number; value: number }[];
  median: { at: number; value: number } | null;
  interval: readonly [number, number] | null;
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
      return {
        lane_id: lane.lane_id,
        rounds: lane.rounds.map(place),
        median: median === null ? null : place(median),
        interval: lane.ci95 === null ? null : [place(lane.ci95[0]).at, place(lane.ci95[1]).at],
      };
    }),
  };
}

export function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** One row a lane: all that the plot draws of it. */
export function stripsCsv(result: Result, label: (lane_id: string) => string): string {
  const rounds = Math.max(0, ...result.lanes.map((lane) => lane.rounds.length));
  const numbers = Array.from({ length: rounds }, (_, at) => at);
  const heads = ['median', 'low end of 95 % interval', 'high end of 95 % interval', ...numbers.map((at) => `counted round ${at + 1}`)];
  return csv([
    ['Lane', ...heads.map((head) => withUnit(`${result.title}: ${head}`, result.unit))],
    ...result.lanes.map((lane) => [
      label(lane.lane_id),
      medianOf(lane.rounds),
      lane.ci95?.[0] ?? null,
      lane.ci95?.[1] ?? null,
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
