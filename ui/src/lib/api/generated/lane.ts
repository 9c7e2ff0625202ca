// Written by `make docs` from benchrace/api; do not edit.

import type { Part, Peer } from './plugin';

/** A machine that generates load for a lane in addition to the lane's own, in its own job. */
export interface LaneClient {
  machine_id: string;
  job_id: string | null;
}

/**
 * A complete lane; `job_id` is null until its job was created. `spec_index` is the place in the specification's
 * `lanes` of the one that it comes from, null where none is named there. `clients` generate load in addition to
 * the lane's own machine. `workers` are its worker machines, whose coordinator the lane's own machine is;
 * `peers` is what they lend, from the start of the run on.
 */
export interface RunLane {
  lane_id: string;
  label: string;
  backend: string;
  params: Record<string, unknown>;
  peers: Peer[];
  part: Part | null;
  machine_id: string;
  job_id: string | null;
  spec_index: number | null;
  clients: LaneClient[];
  workers: string[];
}
