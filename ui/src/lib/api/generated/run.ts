// Written by `make docs` from benchrace/api; do not edit.

import type { Failure, FieldError } from './errors';
import type { Level, Measured, Reason } from './events';
import type { Better, EngineFacts, Estimator } from './kinds';
import type { Problem } from './plugin';

/**
 * How far a lane answers like `with`, the least quantised lane of its model (0 to 1). `n` rounds had equal
 * prompts. `share` is null for the reason given.
 */
export interface Agreement {
  with: string | null;
  share: number | null;
  n: number;
  reason: string | null;
}

export type Badge = 'GOOD' | 'RISK' | 'FAIL' | 'UNKNOWN';

export type CardShape = 'wide' | 'square';

export type CardTheme = 'light' | 'dark';

/** How far the order of the first two lanes can be trusted; `text` says level and reasons. */
export interface Confidence {
  level: ConfidenceLevel;
  reasons: Reason[];
  text: string;
}

export type ConfidenceLevel = 'high' | 'medium' | 'low';

/** A planned lane, with its `LaneSummary`. */
export interface DocumentLane {
  lane_id: string;
  label: string;
  backend: string;
  params: Record<string, unknown>;
  machine_id: string;
  job_id: string | null;
  spec_index: number | null;
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
}

/**
 * A counter of the lane's machine, and what it covers: `GPU 0`, GPU board, NVML counter. `joules` sums the
 * counted rounds that have an energy; null for the reason given.
 */
export interface EnergySource {
  name: string;
  covers: string;
  source: string;
  joules: number | null;
  reason: string | null;
}

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

/** How close together an armed heat began on the machines. */
export interface HeatStart {
  heat: number;
  spread_ns: number | null;
  uncertainty_ns: number | null;
  staggered: boolean;
}

/** A sweep of one parameter, with the load of the greatest power, null for the reason given. */
export interface Knee {
  machine_id: string;
  backend: string;
  swept: string;
  points: KneePoint[];
  lane_id: string | null;
  load: number | null;
  reason: string | null;
}

/** One load of a sweep; `power` is `throughput` by the latency in seconds. */
export interface KneePoint {
  lane_id: string;
  load: number;
  throughput: number;
  latency_ms: number;
  power: number;
}

/**
 * A lane by the ranking metric; `rounds` are the metric's own values of its counted rounds. `share` is 1 for the
 * best lane: this value by the best one, or its inverse where lower is better. `ratio` is the best lane against
 * this one, null for the best itself. `noisy` lanes vary by more than 5 % between rounds. `host_id` is null in
 * runs of older versions.
 */
export interface LaneResult {
  lane_id: string;
  place: number | null;
  value: number | null;
  ci95: [number, number] | null;
  share: number | null;
  ratio: Ratio | null;
  rounds: number[];
  noisy: boolean;
  cv: number | null;
  host_id: string | null;
}

/** A lane takes what it does not say from the run, or from the only one that fits. */
export interface LaneSpec {
  machine_id: string | null;
  backend: string | null;
  label: string | null;
  params: Record<string, unknown>;
}

/** A lane takes what it does not say from the run, or from the only one that fits. */
export interface LaneSpecInput {
  machine_id?: string | null;
  backend?: string | null;
  label?: string | null;
  params?: Record<string, unknown>;
}

/** A lane that `only_ready` left out, with the reasons. */
export interface LeftOut {
  label: string;
  machine_id: string | null;
  backend: string | null;
  fields: FieldError[];
  problems: Problem[];
}

/**
 * The computer of a machine: agents of one host have the same `host_id`. `share_host` is true where the agent
 * may measure beside others of its host.
 */
export interface MachineHost {
  host_id: string;
  share_host: boolean;
}

export type MachineState = 'ready' | 'busy' | 'suspect' | 'lost' | 'excluded' | 'stopped';

/**
 * One metric of one lane over its counted rounds. `value` is the estimator's: the mean of samples, sum/sum of a
 * ratio, the count on which all agree. `ci95` is the 95 % interval of `value`; sd, cv, median, min and max are
 * of the rounds' own values, and so is the mean, but a ratio's is sum/sum. `reason` says why something is null.
 * Where rounds gave estimates, `low` and `high` are what `value` would be at their ends, `ci95` is wider by
 * that, and `unknown` says what is not known; all three are null for exact numbers. `stamped` as the metric
 * declares it; `span_s` is the mean time that a ratio's denominator spans.
 */
export interface MetricSummary {
  title: string;
  unit: string;
  better: Better;
  estimator: Estimator;
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
  stamped: boolean;
  span_s: number | null;
  low: number | null;
  high: number | null;
  unknown: Reason | null;
}

export type Order = 'contiguous' | 'abba' | 'random';

export type Pool = 'vram' | 'unified' | 'system';

/**
 * How many times better one lane is than another; 1 is equal. `ci95` is the 95 % interval of `value`, null for
 * the `reason` given.
 */
export interface Ratio {
  value: number;
  ci95: [number, number] | null;
  reason: string | null;
}

export type ResidentModels = 'one' | 'many';

/**
 * Who won, by how much, and how sure that is. `lanes` are best first, those without a value last. `leader` and
 * `runner_up` are the first two with a value; `ratio` is the one against the other. `tied` are the lanes that
 * cannot be told apart from the leader, with the leader; it is empty where `winner` is set. `more_rounds` would
 * probably separate leader and runner-up; it is null where they are separated, and where more rounds do not
 * help, which `confidence` then says. `headline`, `margin` ("2.2x faster"), `interval` and `detail` are
 * sentences to be shown as they are.
 */
export interface Result {
  metric: string;
  title: string;
  unit: string;
  better: Better;
  lanes: LaneResult[];
  leader: string;
  runner_up: string | null;
  winner: string | null;
  tied: string[];
  ratio: Ratio | null;
  confidence: Confidence;
  more_rounds: number | null;
  headline: string;
  margin: string | null;
  interval: string | null;
  detail: string;
}

/**
 * A finished round as it was; one that is a warm-up or INVALID is kept and never counted. The verdict is the
 * worker's; the fold marks rounds that are too short for what times them, or in which the machine was throttled.
 */
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

/**
 * One comparison. `preset` names an overlay of the workload, below `params`. `resident` is for engines that keep
 * models in memory: `many` lets lanes of one machine be open together, and take turns. `sampling_s` is the
 * period of runtime samples in seconds, 0 for none; `timeout_s` the longest that one round may take.
 */
export interface RunSpec {
  kind: string;
  params: Record<string, unknown>;
  preset: string | null;
  lanes: LaneSpec[];
  rounds: number | 'auto';
  warmup: number;
  order: Order | null;
  sync: Sync;
  resident: ResidentModels;
  salt: string | null;
  only_ready: boolean;
  name: string | null;
  tags: string[];
  notes: string | null;
  sampling_s: number;
  timeout_s: number;
}

/**
 * One comparison. `preset` names an overlay of the workload, below `params`. `resident` is for engines that keep
 * models in memory: `many` lets lanes of one machine be open together, and take turns. `sampling_s` is the
 * period of runtime samples in seconds, 0 for none; `timeout_s` the longest that one round may take.
 */
export interface RunSpecInput {
  kind: string;
  params?: Record<string, unknown>;
  preset?: string | null;
  lanes?: LaneSpecInput[];
  rounds?: number | 'auto';
  warmup?: number;
  order?: Order | null;
  sync?: Sync;
  resident?: ResidentModels;
  salt?: string | null;
  only_ready?: boolean;
  name?: string | null;
  tags?: string[];
  notes?: string | null;
  sampling_s?: number;
  timeout_s?: number;
}

export type RunState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

export type Sync = 'first_heat' | 'every_heat';

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
