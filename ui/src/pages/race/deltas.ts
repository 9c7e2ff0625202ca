/** How a lane's figure stands against the pinned lane's. */

import type { MetricSummary } from '../../lib/api/documents';
import { percent } from '../../lib/format/quantity';

export interface Delta {
  /** `+12 %`. */
  text: string;
  /** `better`, `worse`; `close` where the intervals overlap, so that it may be chance. */
  tone: 'better' | 'worse' | 'close';
}

export function delta(own: MetricSummary | undefined, base: MetricSummary | undefined): Delta | null {
  if (own?.value == null || !base?.value) return null;
  const share = own.value / base.value - 1;
  const sign = share > 0 ? '+' : share < 0 ? '−' : '±';
  return { text: `${sign}${percent(Math.abs(share))}`, tone: toneOf(own, base, share) };
}

function toneOf(own: MetricSummary, base: MetricSummary, share: number): Delta['tone'] {
  const [low, high] = own.ci95 ?? [own.value ?? 0, own.value ?? 0];
  const [least, most] = base.ci95 ?? [base.value ?? 0, base.value ?? 0];
  if (share === 0 || (low <= most && high >= least)) return 'close';
  return share > 0 === (own.better === 'higher') ? 'better' : 'worse';
}
