// Written by `make docs` from benchrace/api; do not edit.

import type { Likeness } from './findings';

/**
 * A file and where it is: `stored` here, on its machine (`reason` says if it cannot come), or `refused` for
 * good. `image` or `audio` is its format where it is one that a browser may show or play: claimed, and seen in
 * its bytes.
 */
export interface ArtifactAnswer {
  name: string;
  media_type: string;
  size: number;
  sha256: string;
  job_id: string;
  machine_id: string;
  lane_id: string | null;
  round: number | null;
  state: ArtifactState;
  reason: string | null;
  image: string | null;
  audio: string | null;
}

/**
 * The files of a run; `left_out` counts those that its events name beyond the most. `comparing` says that its
 * images are still to be compared; `likeness` has the lanes, by their ids, as far as they are.
 */
export interface ArtifactList {
  artifacts: ArtifactAnswer[];
  left_out: number;
  comparing: boolean;
  likeness: Record<string, Likeness>;
}

export type ArtifactState = 'stored' | 'on_machine' | 'refused';
