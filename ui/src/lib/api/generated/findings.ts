// Written by `make docs` from benchrace/api; do not edit.

import type { Pool } from './planning';

/**
 * A limit as a run measured it: the mean of the VALID rounds of its fastest lane. `threads` and `tier`
 * (instructions) are those that ran; `at` is when the run was submitted, in wall seconds.
 */
export interface Ceiling {
  value: number;
  unit: string;
  threads: number | null;
  tier: string | null;
  at: number;
  run_id: string;
  lane_id: string;
}

/**
 * How near a lane of text came to its machine's read bandwidth. `share` is `bytes_per_s` / `read_bytes_per_s`,
 * null for `reason`. `bytes_per_s` is the decode rate x `bytes_per_token`: the weights that a token reads, and
 * keys and values of `depth` positions, the mean over the answer; `width` is the model's. `flop_per_s` is the
 * prefill rate x 2 x the parameters that a token uses, `precision` that of products of such weights. `predicted`
 * is what was expected before the run, in tok/s. `run_id` measured the bandwidth. `text` is a sentence to be
 * shown as it is, empty without a share.
 */
export interface CeilingShare {
  share: number | null;
  bytes_per_token: number | null;
  width: number | null;
  depth: number | null;
  bytes_per_s: number | null;
  flop_per_s: number | null;
  precision: string | null;
  read_bytes_per_s: number | null;
  predicted: Rate | null;
  run_id: string | null;
  reason: string | null;
  text: string;
}

/**
 * Which share of a ceiling an engine reaches (1 is all), between `low` and `high`. It was measured on this
 * machine in the lanes of `run_ids`, `n` of them; it is assumed where there are none. `in_cache` says that all
 * of the lanes were of models that fit the cache, `with_rows` that it includes the row overhead, as the width of
 * no lane's model is known.
 */
export interface Efficiency {
  value: number;
  low: number;
  high: number;
  in_cache: boolean;
  with_rows: boolean;
  n: number;
  run_ids: string[];
}

/**
 * One image beside that of the reference lane at the same seed; `image` counts in its batch. `ssim` is 1 for
 * equal images and about 0 for unlike ones, `mse` the mean squared difference of their channels, which go from 0
 * to 255. Both are null for the reason given. `different` images show different things.
 */
export interface ImageLikeness {
  round: number;
  image: number;
  ssim: number | null;
  mse: number | null;
  different: boolean;
  reason: string | null;
}

/**
 * How alike a lane's images and those of `with` are, the reference lane of its model. `ssim` is the mean over
 * `n` pairs of images, `lowest` the worst of them, and `psnr_db` that of their mean squared difference, null
 * where there is none. All are null for the reason given. `n_different` of the pairs show different things, and
 * `different` says that any do; `n_missing` pairs could not be compared. `differ` names parameters, such as the
 * sampler, that differ from the reference's and by which images may differ without a fault.
 */
export interface Likeness {
  with: string | null;
  ssim: number | null;
  lowest: number | null;
  psnr_db: number | null;
  n: number;
  n_different: number;
  n_missing: number;
  different: boolean;
  differ: string[];
  reason: string | null;
  images: ImageLikeness[];
}

/** Tokens per second, and between what the true value probably lies. */
export interface Rate {
  value: number;
  low: number;
  high: number;
}

/**
 * All that is known of a machine's ceilings, to predict and to judge engines of text. `read` is of the memory
 * that its engines use, `pool`; null for `reason`. `weights` are by format of their blocks, `products` by
 * precision; `decode` and `prefill` are by backend, `formats` as `decode` by backend and quantisation.
 */
export interface Roofs {
  pool: Pool;
  read: Ceiling | null;
  reason: string | null;
  weights: Record<string, Ceiling>;
  products: Record<string, Ceiling>;
  decode: Record<string, Efficiency>;
  formats: Record<string, Record<string, Efficiency>>;
  prefill: Record<string, Efficiency>;
}
