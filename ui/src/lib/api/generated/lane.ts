// Written by `make docs` from benchrace/api; do not edit.

/**
 * A complete lane; `job_id` is null until its job was created. `spec_index` is the place in the specification's
 * `lanes` of the one that it comes from, null where none is named there.
 */
export interface RunLane {
  lane_id: string;
  label: string;
  backend: string;
  params: Record<string, unknown>;
  machine_id: string;
  job_id: string | null;
  spec_index: number | null;
}
