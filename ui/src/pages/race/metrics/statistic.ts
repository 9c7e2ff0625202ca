/** Which statistic of its rounds a metric is shown by, as in the terminal and in exports. */

import type { MetricSummary } from '../../../lib/api/documents';
import { TIMES_NS } from '../../../lib/format/quantity';

/** Empty where rounds are added up, or agree on a count. */
export type Statistic = 'median' | 'mean' | '';

/** One slow round moves the mean of a time far; places and intervals are of the mean. */
export function statisticOf(metric: MetricSummary, ranks: boolean): Statistic {
  if (metric.estimator !== 'sample') return '';
  return metric.better === 'lower' && TIMES_NS.has(metric.unit) && !ranks ? 'median' : 'mean';
}

export function valueOf(metric: MetricSummary | null | undefined, statistic: Statistic): number | null {
  return (statistic === 'median' ? metric?.median : metric?.value) ?? null;
}
