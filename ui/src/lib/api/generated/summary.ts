// Written by `make docs` from benchrace/api; do not edit.

import type { Failure } from './errors';
import type { Level, Measured, Reason } from './events';
import type { Better, Estimator } from './kinds';

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

/**
 * What one machine did of the load that several made for a lane, over `rounds` of it. `busy` is the processor
 * time of its sending thread by the time of the round, and `late_ns` within what 95 % of an open loop's requests
 * left it after their instant; both of the worst round, null where not measured. In `saturated` rounds it could
 * not keep up.
 */
export interface ClientSummary {
  machine_id: string;
  rounds: number;
  requests: number;
  busy: number | null;
  late_ns: number | null;
  saturated: number;
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
 * One metric of one lane over its counted rounds. `value` is the estimator's: the mean of samples, sum/sum of a
 * ratio, the count on which all agree. `ci95` is the 95 % interval of `value`; sd, cv, median, min and max are
 * of the rounds' own values, and so is the mean, but a ratio's is sum/sum. `reason` says why something is null.
 * Where rounds gave estimates, `low` and `high` are what `value` would be at their ends, `ci95` is wider by
 * that, and `unknown` says what is not known; all three are null for exact numbers. Where `ci95` is over parts
 * of the work instead of rounds, `parts` counts them, and `over` says so: `12 recordings`. `stamped` as the
 * metric declares it; `span_s` is the mean time that a ratio's denominator spans.
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
  parts: number | null;
  over: string | null;
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
