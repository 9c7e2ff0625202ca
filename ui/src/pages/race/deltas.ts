/** How a lane's figure stands against the pinned lane's. */

import type { MetricSummary } from '../../lib/api/documents';
import { change } from '../../lib/format/quantity';

export interface Delta {
  /** `+12 %`, `2.2x`. */
  text: string;
  /** `better`, `worse`; `close` where the intervals overlap, so that it may be chance. */
  tone: 'better' | 'worse' | 'close';
}

export function delta(own: MetricSummary | undefined, base: MetricSummary | undefined): Delta | null {
  if (own?.value == null || !base?.value) return null;
  const ratio = own.value / base.value;
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
  if (share === 0 || (low <= most && high >= least)) return 'close';
  return share > 0 === (own.better === 'higher') ? 'better' : 'worse';
}
