// Written by `make docs` from benchrace/api; do not edit.

import type { Efficiency, Rate } from './findings';

export type Badge = 'GOOD' | 'RISK' | 'FAIL' | 'UNKNOWN';

/** How long a run takes; `duration_ns` is null for the `reason` given. */
export interface Estimate {
  duration_ns: number | null;
  reason: string | null;
}

/**
 * A badge and its numbers, in bytes; `ratio` is `usable_bytes / need_bytes`. `missing` says what must be known
 * for a badge. Where `buffer_assumed`, the engine did not tell its compute buffer: 256 MiB, or 5 % of the
 * weights where that is more.
 */
export interface Fit {
  badge: Badge;
  ratio: number | null;
  need_bytes: number | null;
  weights_bytes: number | null;
  kv_bytes: number | null;
  buffer_bytes: number | null;
  buffer_assumed: boolean;
  usable_bytes: number | null;
  pool: Pool;
  context: number | null;
  slots: number;
  missing: string[];
}

export type Pool = 'vram' | 'unified' | 'system';

/**
 * Decode and prefill rates in tok/s, null where `missing` says what must be known. `decode` = `bandwidth_roof` x
 * efficiency / (1 + `row_overhead`). It is at most `compute_roof` as long as the efficiency is assumed or from
 * models in the cache: otherwise engines may compute faster than the probe. `bandwidth_roof` is the read
 * bandwidth / `bytes_per_token`, `compute_roof` the measured rate of weights of this format / the weights of a
 * token, null where that was not measured. `row_overhead` is the time that the rows of a model's matrices add,
 * as a share of the time for its weights; it is left out, and null, where the width of the model or of the
 * measured lanes is not known. `bytes_per_token` are the weights that a token reads, and keys and values of
 * `depth` positions. `unmeasured` says that a ceiling is missing, which the machine can measure.
 */
export interface Prediction {
  decode: Rate | null;
  prefill: Rate | null;
  depth: number;
  bytes_per_token: number | null;
  bandwidth_roof: number | null;
  compute_roof: number | null;
  efficiency: Efficiency;
  prefill_efficiency: Efficiency;
  unmeasured: boolean;
  row_overhead: number | null;
  missing: string[];
}
