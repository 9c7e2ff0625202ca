// Written by `make docs` from benchrace/api; do not edit.

import type { Failure } from './errors';
import type { Level, Reason } from './events';
import type { CeilingShare, Likeness } from './findings';
import type { LaneClient } from './lane';
import type { Part, Peer } from './plugin';
import type { Agreement, ClientSummary, EnergySource, MetricSummary, RoundSummary } from './summary';
import type { TextIdentity } from './text_identity';

/** A planned lane, with its `LaneSummary`. */
export interface DocumentLane {
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
  counted: number;
  discarded: number;
  verdict: Level | null;
  marks: Reason[];
  error: Failure | null;
  summary: Record<string, MetricSummary>;
  rounds: RoundSummary[];
  agreement: Agreement | null;
  text: TextIdentity | null;
  missing: number;
  energy: EnergySource[];
  likeness: Likeness | null;
  ceiling: CeilingShare | null;
  client_loads: ClientSummary[];
}
