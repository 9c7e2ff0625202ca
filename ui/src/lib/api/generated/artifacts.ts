// Written by `make docs` from benchrace/api; do not edit.

/**
 * A file and where it is: `stored` here, on its machine (`reason` says if it cannot come), or `refused` for
 * good. `image` is its format where it is one that a browser may show: claimed, and seen in its bytes.
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
}

/** The files of a run; `left_out` counts those that its events name beyond the most. */
export interface ArtifactList {
  artifacts: ArtifactAnswer[];
  left_out: number;
}

export type ArtifactState = 'stored' | 'on_machine' | 'refused';
