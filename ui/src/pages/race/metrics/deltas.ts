/** How a lane's value stands against another's. */

import type { MetricSummary } from '../../../lib/api/documents';
import { change } from '../../../lib/format/quantity';

export interface Delta {
  /** `+12 %`, `2.2x`. */
  text: string;
  /** `better`, `worse`; `close` where the intervals overlap, so that it may be chance. */
  tone: 'better' | 'worse' | 'close';
}

/** `of` picks the statistic that is shown. */
export function delta(own: MetricSummary, base: MetricSummary, of = (metric: MetricSummary): number | null => metric.value): Delta | null {
  const [mine, theirs] = [of(own), of(base)];
  if (mine === null || !theirs) return null;
  const ratio = mine / theirs;
  return { text: change(ratio), tone: toneOf(own, base, ratio - 1) };
}

/** The interval; of a single round, what its estimate leaves open. */
function range(metric: MetricSummary): readonly [number, number] {
  const value = metric.value ?? 0;
  return metric.ci95 ?? [metric.low ?? value, metric.high ?? value];
}

function toneOf(own: MetricSummary, base: MetricSummary, share: number): Delta['tone'] {
  const [low, high] = range(own);
  const [least, most] = range(base);
  if (share === 0 || own.better === 'none' || (low <= most && high >= least)) return 'close';
  return share > 0 === (own.better === 'higher') ? 'better' : 'worse';
}
