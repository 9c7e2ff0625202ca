/** How close together the machines of a run started, in words. */

import type { RunDocument } from '../api/documents';
import { durationNs } from '../format/quantity';

/** The widest spread of all heats with its uncertainty: `7 ms ± 1 ms`; empty where none is known. */
export function widestSpread(run: Pick<RunDocument, 'heats'>): string {
  const known = run.heats.filter((heat) => heat.spread_ns !== null);
  const widest = known.reduce<(typeof known)[number] | null>(
    (most, heat) => (most === null || (heat.spread_ns ?? 0) > (most.spread_ns ?? 0) ? heat : most),
    null,
  );
  if (!widest) return '';
  return `${durationNs(widest.spread_ns)} ± ${durationNs(widest.uncertainty_ns)}`;
}
