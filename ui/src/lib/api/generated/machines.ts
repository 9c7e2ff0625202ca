// Written by `make docs` from benchrace/api; do not edit.

import type { Condition, MachineState } from './machine';
import type { Lacks, ModelHere } from './models';
import type { AssetKind, Model, Operation, Problem, Startable } from './plugin';
import type { Timing } from './protocol';
import type { Environment, Gpu, Hardware } from './telemetry';
import type { LinkSecurity } from './tls';

/**
 * A backend of a machine; `reachable` is null until it was probed. `choices` are what its engine has for
 * parameters that name one of its parts, such as samplers. `assets` are the kinds of files that it takes
 * (`sync`), empty where an older agent does not say. `stops_at` is the wall time at which its engine is stopped,
 * if it is not used until then.
 */
export interface BackendAnswer {
  name: string;
  title: string;
  version: string | null;
  workloads: WorkloadReference[];
  reachable: boolean | null;
  engine_version: string | null;
  models: Model[];
  problems: Problem[];
  startable: Startable[];
  choices: Record<string, string[]>;
  operations: Operation[];
  assets: AssetKind[];
  stops_at: number | null;
}

/**
 * What a machine is, and what is installed there; `GET /api/machines` has its backends. `timing` is null until
 * the machine has certified itself; `restart` says why the agent has to be started again before it can measure,
 * null where it need not.
 */
export interface CapabilitiesAnswer {
  machine_id: string;
  label: string;
  version: string;
  fingerprint: string;
  hardware: Hardware;
  environment: Environment;
  plugins: PluginAnswer[];
  timing: Timing | null;
  restart: string | null;
  simulated: boolean;
}

export interface CapabilityList {
  machines: CapabilitiesAnswer[];
}

/** The use of a GPU; null where it is not measured. */
export interface GpuLoad {
  index: number;
  utilization_percent: number | null;
  memory_used_bytes: number | null;
  memory_total_bytes: number | null;
  temperature_c: number | null;
  power_w: number | null;
}

export interface KindAnswer {
  kind: string;
  title: string;
  offers: Offer[];
}

/**
 * The load of a linked machine; null where it is not measured. `sampled_at` is when central received the sample,
 * in wall seconds. `cpu_percent` is the mean over all processors since the machine's sample before.
 */
export interface LoadAnswer {
  machine_id: string;
  sampled_at: number;
  cpu_percent: number | null;
  memory_used_bytes: number | null;
  memory_total_bytes: number | null;
  cpu_temperature_c: number | null;
  gpus: GpuLoad[];
}

/** A machine whose agent sends no samples is missing. */
export interface LoadList {
  machines: LoadAnswer[];
}

/**
 * A machine of the fleet; `reason` says why its condition is not `ready`. `condition` is what people are shown,
 * `state` has more detail: a machine whose state is `ready` or `busy` can race. `problems` are what degrades it,
 * `notes` those of `machines.yaml`. `link` says whether its link is encrypted, null while there is none.
 * `threads` are those that its processes may use, null where that is unknown. `missing` is what it lacks of the
 * model policy, null until its engines were asked. A `simulated` machine is invented: its figures come from a
 * script.
 */
export interface MachineAnswer {
  machine_id: string;
  label: string;
  state: MachineState;
  condition: Condition;
  reason: string | null;
  excluded: boolean;
  host_id: string;
  share_host: boolean;
  version: string | null;
  address: string | null;
  connected_at: number | null;
  run_id: string | null;
  offset_ns: number | null;
  uncertainty_ns: number | null;
  backends: BackendAnswer[];
  plugins: PluginState[];
  threads: number | null;
  gpus: Gpu[];
  missing: Lacks | null;
  problems: Problem[];
  notes: string | null;
  simulated: boolean;
  link: LinkSecurity | null;
}

/** A property with its value in the period before, and in this one. */
export interface MachineChange {
  name: string;
  before: string;
  after: string;
}

/**
 * Hardware, driver, system and versions of a machine over its runs, the newest period first. `first` is the
 * first known value of each property. `complete` is false where there are older runs, which were not read.
 */
export interface MachineHistory {
  machine_id: string;
  first: Record<string, string>;
  periods: MachinePeriod[];
  complete: boolean;
}

/**
 * `policy_problem` says why the model policy cannot be read; null where it can. `refused` are agents that were
 * not let in during the last minute, and so is an empty fleet. `nearby` are agents that could join: they
 * announce by mDNS that they have no central.
 */
export interface MachineList {
  machines: MachineAnswer[];
  policy_problem: string | null;
  refused: RejectedAgent[];
  nearby: NearbyAgent[];
}

export interface MachinePatch {
  excluded: boolean;
}

/**
 * Runs, one after the other, for which a machine was the same. `since` is when the first of them, `run_id`, was
 * submitted, in wall seconds. `changes` are those from the period before; the oldest period has none.
 */
export interface MachinePeriod {
  since: number;
  run_id: string;
  runs: number;
  changes: MachineChange[];
}

/** An agent of the local network without a central; all of it is what it says of itself. */
export interface NearbyAgent {
  machine_id: string;
  url: string;
  version: string;
}

/** A kind as one backend offers it, on the machines that do. */
export interface Offer {
  backend: string;
  title: string;
  machines: string[];
  workload: WorkloadReference;
}

/** A plugin of a machine: the titles of its backends, or the error that makes it unusable. */
export interface PluginAnswer {
  name: string;
  module: string;
  distribution: string | null;
  version: string | null;
  backends: string[];
  kinds: string[];
  error: string | null;
  traceback: string | null;
  pending: boolean;
}

/** An installed plugin: `pending` while it is being described, `error` where it is broken. */
export interface PluginState {
  name: string;
  pending: boolean;
  error: string | null;
}

/**
 * A machine's reachability. `model` is about the one that was asked for, `missing` is what it lacks of the
 * required ones; both are null until its agent has reported what it has.
 */
export interface Reach {
  machine_id: string;
  label: string;
  reachable: boolean;
  state: MachineState;
  condition: Condition;
  reason: string | null;
  run_id: string | null;
  has_model: boolean | null;
  missing: string[] | null;
  model: ModelHere | null;
}

/** Why what dials from `address` is refused, and how often it was lately. */
export interface RejectedAgent {
  address: string;
  reason: string;
  remedy: string;
  times: number;
}

export interface WorkloadList {
  workloads: KindAnswer[];
}

/** A workload by the digest of its description, which `GET /api/workloads/{digest}` returns. */
export interface WorkloadReference {
  kind: string;
  title: string;
  digest: string;
}
