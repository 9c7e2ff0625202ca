// Written by `make docs` from benchrace/api; do not edit.

import type { EngineFacts } from './kinds';

/**
 * Each value that a lane's rounds reported, in the order in which they came; mostly one. Rounds that count are
 * told of; of a lane that has none, those that were discarded. `cache` is what engines had of prompts, each with
 * who proves it (`warm-unique by engine`). `timing_source` is who stamped: `kernel`, `user` or `mixed`.
 */
export interface TextIdentity {
  engines: EngineFacts[];
  cache: string[];
  timing_source: string[];
  prompt_digest: string[];
  simulated: boolean;
}
