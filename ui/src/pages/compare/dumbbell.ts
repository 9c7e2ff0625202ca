/** Where the two values of a metric and their intervals stand, from zero to the largest of them. */

import type { MetricPair } from '../../lib/api/history';
import type { MetricSummary } from '../../lib/api/documents';

export interface Side {
  value: number;
  ends: readonly [number, number] | null;
}

/** Null where a side has no value, and where the two do not compare: two points would say that they do. */
export function dumbbell(pair: MetricPair): { a: Side; b: Side } | null {
  if (pair.change.verdict === 'not comparable' || pair.change.verdict === 'not measured') return null;
  const { a, b } = pair;
  if (a?.value == null || b?.value == null || a.value < 0 || b.value < 0) return null;
  const most = Math.max(a.value, b.value, ...(a.ci95 ?? []), ...(b.ci95 ?? []));
  if (most <= 0) return null;
  const share = (value: number) => Math.max(0, value) / most;
  const side = (value: number, { ci95, estimator }: MetricSummary): Side => ({
    value: share(value),
    ends: ci95 === null || estimator === 'count' ? null : [share(ci95[0]), share(ci95[1])],
  });
  return { a: side(a.value, a), b: side(b.value, b) };
}
