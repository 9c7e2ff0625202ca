/** Where the values of a metric and their intervals stand, from zero to the largest of them. */

import type { MetricSummary } from '../../lib/api/documents';
import { result } from './labels';
import type { MetricRow } from './rows';

export interface Point {
  /** The place of the run: 0 is the baseline. */
  run: number;
  value: number;
  ends: readonly [number, number] | null;
  tone: 'good' | 'bad' | 'calm';
}

/** Null without two values that compare: points beside each other would say that they do. */
export function dumbbell({ a, pairs }: Pick<MetricRow, 'a' | 'pairs'>): Point[] | null {
  const sides: { run: number; metric: MetricSummary | null; tone: Point['tone'] }[] = [{ run: 0, metric: a, tone: 'calm' }];
  pairs.forEach((pair, at) => {
    if (pair !== null && !result(pair).uncompared) sides.push({ run: at + 1, metric: pair.b, tone: result(pair).tone });
  });
  const drawn = sides.flatMap(({ metric, ...side }) => (metric?.value == null || metric.value < 0 ? [] : [{ ...side, metric, value: metric.value }]));
  const most = Math.max(...drawn.flatMap(({ value, metric }) => [value, ...(metric.ci95 ?? [])]));
  if (drawn[0]?.run !== 0 || drawn.length < 2 || most <= 0) return null;
  const share = (value: number) => Math.max(0, value) / most;
  return drawn.map(({ run, tone, value, metric: { ci95, estimator } }) => ({
    run,
    tone,
    value: share(value),
    ends: ci95 === null || estimator === 'count' ? null : [share(ci95[0]), share(ci95[1])],
  }));
}
