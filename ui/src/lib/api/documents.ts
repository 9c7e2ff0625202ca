/** What central answers, as far as the page reads it. Everything in it may be foreign text. */

import type { Failure, FieldError, Level, Measured, Reason, Standing } from '../events/types';
import type { Schema } from '../schema/schema';

export type RunState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

export type Params = Record<string, unknown>;

export interface LaneSpec {
  machine_id?: string | null;
  backend?: string | null;
  label?: string | null;
  params?: Params;
}

export interface RunSpec {
  kind: string;
  params?: Params;
  preset?: string | null;
  lanes?: LaneSpec[];
  rounds?: number | 'auto';
  warmup?: number;
  order?: 'contiguous' | 'abba' | 'random' | null;
  sync?: 'first_heat' | 'every_heat';
  only_ready?: boolean;
  name?: string | null;
  tags?: string[];
  notes?: string | null;
}

export interface MetricDeclaration {
  name: string;
  title: string;
  unit: string;
  better: 'higher' | 'lower';
  estimator: string;
  headline: boolean;
  formula: string;
}

export interface Workload {
  kind: string;
  title: string;
  params_schema: Schema;
  metrics: MetricDeclaration[];
  presets: Record<string, Params>;
  automatic: string | null;
  drawing: 'progress' | 'text' | 'lines' | 'image';
  together: boolean;
}

export interface Problem {
  message: string;
  remedy: string;
}

export interface MetricSummary {
  title: string;
  unit: string;
  better: 'higher' | 'lower';
  estimator: string;
  n: number;
  value: number | null;
  mean: number | null;
  median: number | null;
  sd: number | null;
  cv: number | null;
  ci95: [number, number] | null;
  min: number | null;
  max: number | null;
  headline: boolean;
  formula: string;
  reason: string | null;
}

export interface RoundSummary {
  round: number;
  warmup: boolean;
  heat: number | null;
  verdict: Level;
  reasons: Reason[];
  measured: Measured[];
  elapsed_ns: number;
  error: Failure | null;
}

export interface DocumentLane {
  lane_id: string;
  label: string;
  machine_id: string;
  backend: string;
  params: Params;
  job_id: string | null;
  counted: number;
  discarded: number;
  verdict: Level | null;
  marks: Reason[];
  error: Failure | null;
  summary: Record<string, MetricSummary>;
  rounds: RoundSummary[];
  agreement?: Agreement | null;
}

/** How far a lane answers like the least quantised one of its model, 0 to 1. */
export interface Agreement {
  with?: string | null;
  share: number | null;
  n: number;
  reason: string | null;
}

/** A sweep of one parameter, and the load of the greatest power where there is one. */
export interface Knee {
  machine_id: string;
  backend: string;
  swept: string;
  points: { lane_id: string; load: number; throughput: number; latency_ms: number; power: number }[];
  lane_id: string | null;
  load: number | null;
  reason: string | null;
}

export interface LeftOut {
  label: string;
  machine_id: string | null;
  backend: string | null;
  fields: FieldError[];
  problems: Problem[];
}

export interface RunDocument {
  run_id: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  spec: RunSpec;
  state: RunState;
  kind: string;
  order: string;
  rounds: number;
  warmup: number;
  lanes: DocumentLane[];
  left_out: LeftOut[];
  workloads: Record<string, Workload>;
  machines: Record<string, Capabilities | undefined>;
  automatic: Params | null;
  name: string | null;
  tags: string[];
  notes: string | null;
  staggered: boolean;
  failure: Failure | null;
  epoch: number;
  heats: { heat: number; spread_ns: number | null; uncertainty_ns: number | null; staggered: boolean }[];
  standing: Standing | null;
  winner: string | null;
  winner_reason: string | null;
  remarks?: Reason[];
  knees?: Knee[];
  queue_position?: number | null;
  artifacts?: Artifact[];
  artifacts_left_out?: number;
}

/** A file that a round made, and where it is. */
export interface Artifact {
  name: string;
  /** What its maker says of it; `image` is what may be believed. */
  media_type: string;
  size: number;
  sha256: string;
  job_id: string;
  machine_id: string;
  lane_id: string | null;
  round: number | null;
  state: 'stored' | 'on_machine' | 'refused';
  reason: string | null;
  /** Its format, where it is one that can be shown. */
  image: string | null;
}

export interface Model {
  name: string;
  size?: number | null;
  digest?: string | null;
  quantization?: string | null;
  context_length?: number | null;
  /** While it is in memory, as the engine counts. */
  loaded?: { vram?: number | null; total?: number | null; context?: number | null } | null;
}

/** What a backend may be asked to do with its engine, outside of any measurement. */
export type Operation = 'reset' | 'start' | 'stop' | 'unload' | 'pull' | 'sync';

export interface BackendDescription {
  name: string;
  title: string;
  version: string | null;
  workloads: Workload[];
}

export interface BackendAnswer extends BackendDescription {
  reachable: boolean | null;
  engine_version: string | null;
  models: Model[];
  problems: Problem[];
  operations?: Operation[];
  /** When its engine is stopped, if nobody uses it until then; null for never. */
  stops_at?: number | null;
}

export interface Capabilities {
  machine_id: string;
  label: string;
  version: string;
  hardware?: {
    product?: string | null;
    cpu?: { model?: string | null; logical_cores?: number | null; usable_threads?: number | null };
    memory?: { total_bytes?: number | null };
    gpus?: { index: number; name?: string | null; vram_bytes?: number | null }[];
    os?: { name?: string | null; version?: string | null };
  };
}

export type MachineState = 'ready' | 'busy' | 'suspect' | 'lost' | 'excluded';

export interface Machine {
  machine_id: string;
  label: string;
  state: MachineState;
  reason: string | null;
  excluded: boolean;
  host_id: string;
  share_host: boolean;
  version: string | null;
  address: string | null;
  connected_at: number | null;
  run_id: string | null;
  backends: BackendAnswer[];
  gpus?: { index: number; vendor: string; name?: string | null }[];
  /** What it lacks of the model policy; null until its agent has told what it has. */
  missing?: { required: string[]; optional: string[] } | null;
}

/** A kind as one backend offers it, on the machines that do. */
export interface Offer {
  backend: string;
  title: string;
  machines: string[];
  workload: Workload;
}

export interface KindAnswer {
  kind: string;
  title: string;
  offers: Offer[];
}

export interface Status {
  central: {
    instance: string;
    version: string;
    running: string[];
    queued: number;
    degraded: boolean;
    banner: string | null;
  };
}

/** A run as a list shows it. */
export interface RunRow {
  run_id: string;
  state: RunState;
  kind: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  name: string | null;
  tags: string[];
  notes: string | null;
  rounds: number;
  winner: string | null;
  lanes: {
    label: string;
    machine_id: string;
    backend: string;
    metric: string | null;
    value: number | null;
    unit: string | null;
  }[];
}
