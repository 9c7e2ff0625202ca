// Written by `make docs` from benchrace/api; do not edit.

import type { ArtifactAnswer } from './artifacts';
import type { CardShape, CardTheme } from './card';
import type { DocumentLane } from './document';
import type { Failure } from './errors';
import type { Reason, StandingPayload } from './events';
import type { Roofs } from './findings';
import type { RunLane } from './lane';
import type { LeftOut, MachineHost } from './metadata';
import type { Estimate } from './planning';
import type { WorkloadDescription } from './plugin';
import type { Capabilities } from './protocol';
import type { Result } from './result';
import type { Order, RunSpec, Sync } from './spec';
import type { RunState } from './states';
import type { HistoryChange } from './stats';
import type { RunRow } from './store';
import type { HeatStart, Knee } from './summary';

/** The body of a cancel; it may be left out. */
export interface CancelRequest {
  reason?: string;
}

/** How a card looks. */
export interface CardQuery {
  shape?: CardShape;
  theme?: CardTheme;
}

/**
 * The ids of two to five runs, the baseline `a` first, and lanes to match by hand. A run can be one of its lanes
 * alone: `RUN:LANE`. Each `match` has a lane of `a`, then one of each further run: `lane-0=lane-1`. A lane is
 * named by ID or label; `-` is for no lane, and an empty one is matched as without `match`.
 */
export interface CompareQuery {
  a: string;
  b: string;
  c?: string | null;
  d?: string | null;
  e?: string | null;
  match?: string[];
}

export interface Deleted {
  deleted: string;
}

/**
 * A lane of a series: its value in each run, the newest last, null where it has none. `change` compares the
 * newest value with the earlier ones.
 */
export interface LaneHistory {
  label: string;
  unit: string;
  values: (number | null)[];
  change: HistoryChange;
}

/** A run as it would start, what it would be called, and how long it would take. */
export interface PlanAnswer {
  run_id: string;
  version: string;
  created_at: number;
  spec: RunSpec;
  state: RunState;
  kind: string;
  order: Order;
  sync: Sync;
  salt: string;
  rounds: number;
  warmup: number;
  lanes: RunLane[];
  left_out: LeftOut[];
  workloads: Record<string, WorkloadDescription>;
  machines: Record<string, unknown>;
  hosts: Record<string, MachineHost>;
  ceilings: Record<string, Roofs>;
  automatic: Record<string, unknown> | null;
  name: string | null;
  tags: string[];
  notes: string | null;
  pinned: boolean;
  started_at: number | null;
  ended_at: number | null;
  staggered: boolean;
  failure: Failure | null;
  epoch: number;
  simulated: boolean;
  title: string;
  estimate: Estimate;
}

/**
 * `offset`, with `epoch`, says up to where the log is part of this, to read on from there. `title` is made of
 * the lanes, for a run without a name. `queue_position` counts from 1 and is null for a run that does not wait.
 * `artifacts` are the files of its rounds; `artifacts_left_out` counts those beyond the most of a run.
 */
export interface RunAnswer {
  run_id: string;
  version: string;
  created_at: number;
  spec: RunSpec;
  state: RunState;
  kind: string;
  order: Order;
  sync: Sync;
  salt: string;
  rounds: number;
  warmup: number;
  lanes: DocumentLane[];
  left_out: LeftOut[];
  workloads: Record<string, WorkloadDescription>;
  machines: Record<string, Partial<Capabilities> | undefined>;
  hosts: Record<string, MachineHost>;
  ceilings: Record<string, Roofs>;
  automatic: Record<string, unknown> | null;
  name: string | null;
  tags: string[];
  notes: string | null;
  pinned: boolean;
  started_at: number | null;
  ended_at: number | null;
  staggered: boolean;
  failure: Failure | null;
  epoch: number;
  simulated: boolean;
  heats: HeatStart[];
  standing: StandingPayload | null;
  winner: string | null;
  winner_reason: string | null;
  summary: Record<string, Record<string, number | string | null>>;
  remarks: Reason[];
  knees: Knee[];
  result: Result | null;
  offset: number;
  title: string;
  queue_position: number | null;
  artifacts: ArtifactAnswer[];
  artifacts_left_out: number;
}

/** What is left out stays; null takes it away. */
export interface RunPatch {
  name?: string | null;
  tags?: string[] | null;
  notes?: string | null;
  pinned?: boolean;
}

export interface RunStateAnswer {
  run_id: string;
  state: RunState;
}

/**
 * A series of runs. `run_ids` are the runs whose values `lanes` have, the newest last. `leading` is the place in
 * `lanes` of the one that leads the newest result, null without any.
 */
export interface SeriesAnswer {
  newest: RunRow;
  runs: number;
  run_ids: string[];
  lanes: LaneHistory[];
  leading: number | null;
}

/** `next` is the `after` of the next page, null at the end. */
export interface SeriesList {
  series: SeriesAnswer[];
  next: string | null;
}

export interface Submitted {
  run_id: string;
}
