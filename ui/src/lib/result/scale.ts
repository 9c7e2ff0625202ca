/** Where a result's bars, whiskers and dots lie: as parts of the best lane, on one track for all lanes. */

import type { Result } from '../api/documents';

/** The track ends at this many times the best lane, at most: an outlier must not flatten every bar. */
export const MAX_END = 2;
/** More rounds than these are thinned out, by size, with the least and the greatest of them. */
export const MAX_DOTS = 120;

export interface Mark {
  /** 0 to 1 along the track. */
  at: number;
  /** Whether it lies past the end of the track, where it is drawn. */
  beyond: boolean;
  value: number;
}

export interface Bar {
  fill: number | null;
  low: Mark | null;
  high: Mark | null;
  dots: Mark[];
}

export interface Scale {
  /** The end of the track, in parts of the best lane. */
  end: number;
  bars: ReadonlyMap<string, Bar>;
}

export function scaleOf(result: Result): Scale {
  const values = result.lanes.flatMap((lane) => (lane.value === null ? [] : [lane.value]));
  const higher = result.better === 'higher';
  const best = higher ? Math.max(...values) : Math.min(...values);
  const part = (value: number) => (higher ? ratio(value, best) : ratio(best, value));
  const all = result.lanes.flatMap((lane) => [...lane.rounds, ...(lane.ci95 ?? [])].map(part));
  const end = Math.min(MAX_END, Math.max(1, ...all.filter(Number.isFinite)));
  const mark = (value: number): Mark => {
    const at = part(value) / end;
    return { at: Math.min(1, Math.max(0, at)), beyond: at > 1 + 1e-9, value };
  };
  const bars = result.lanes.map((lane) => {
    const ends = (lane.ci95 ?? []).map(mark).sort((one, other) => one.at - other.at);
    return [
      lane.lane_id,
      {
        fill: lane.share === null ? null : Math.min(1, lane.share / end),
        low: ends[0] ?? null,
        high: ends[1] ?? null,
        dots: thinned(lane.rounds).map(mark),
      },
    ] as const;
  });
  return { end, bars: new Map(bars) };
}

/** What is at or below nothing is endlessly better where less is better, and worth nothing else. */
function ratio(over: number, under: number): number {
  if (under <= 0) return over <= 0 ? 1 : Infinity;
  return Math.max(0, over / under);
}

function thinned(rounds: readonly number[]): readonly number[] {
  if (rounds.length <= MAX_DOTS) return rounds;
  const sorted = [...rounds].sort((one, other) => one - other);
  const step = (sorted.length - 1) / (MAX_DOTS - 1);
  return Array.from({ length: MAX_DOTS }, (_, index) => sorted[Math.round(index * step)] ?? 0);
}
