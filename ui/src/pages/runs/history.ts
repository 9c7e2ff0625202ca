/** The values of a lane over the runs of a series, as a small picture and in words. */

import type { HistoryChange, LaneHistory, SeriesAnswer } from '../../lib/api/history';
import { plural, quantity } from '../../lib/format/quantity';

export const WIDTH = 120;
export const HEIGHT = 28;
const EDGE = 4;
/** Values closer together than this share of them are drawn as close. */
const LEAST_RANGE = 0.1;

export interface Spark {
  path: string;
  /** The newest value; null where that run has none. */
  newest: { x: number; y: number } | null;
}

/** From left to right, the newest last; the axis does not begin at zero, so that a change is seen. */
export function spark(values: readonly (number | null)[]): Spark {
  const measured = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...measured), Math.max(...measured)];
  const range = Math.max(high - low, LEAST_RANGE * Math.abs(high)) || 1;
  const bottom = (low + high - range) / 2;
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  const points = values.map((value, index) =>
    value === null ? null : { x: EDGE + index * step, y: HEIGHT - EDGE - ((value - bottom) / range) * (HEIGHT - 2 * EDGE) },
  );
  const drawn = points.filter((point) => point !== null);
  return {
    path: drawn.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join(''),
    newest: points.at(-1) ?? null,
  };
}

export function tone({ verdict, ratio }: HistoryChange): 'good' | 'bad' | 'calm' {
  if (verdict !== 'faster' && verdict !== 'slower' && verdict !== 'higher' && verdict !== 'lower') return 'calm';
  return (ratio?.value ?? 1) >= 1 ? 'good' : 'bad';
}

/** `6 runs, from 100 tok/s to 98 tok/s`: what the picture shows. */
export function words({ values, unit }: LaneHistory): string {
  const measured = values.filter((value) => value !== null);
  const ends = [measured[0], measured.at(-1)].map((value) => quantity(value ?? null, unit));
  return measured.length === 0 ? 'no value' : `${plural(measured.length, 'run')}, from ${ends[0] ?? ''} to ${ends[1] ?? ''}`;
}

export function leading({ lanes, leading: place }: SeriesAnswer): LaneHistory | null {
  return place === null ? null : (lanes[place] ?? null);
}

export function newestValue({ values, unit }: LaneHistory): string {
  const value = values.at(-1) ?? null;
  return value === null ? '' : quantity(value, unit);
}

/** The other lanes whose newest value does not fit the earlier ones: the row shows the leading one alone. */
export function othersChanged(series: SeriesAnswer): LaneHistory[] {
  return series.lanes.filter((lane, place) => place !== series.leading && tone(lane.change) !== 'calm');
}

/** The newest run against the one before it. */
export function pair({ run_ids }: SeriesAnswer): { a: string; b: string } | null {
  const [a, b] = run_ids.slice(-2);
  return a !== undefined && b !== undefined ? { a, b } : null;
}
