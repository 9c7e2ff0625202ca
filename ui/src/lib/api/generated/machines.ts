// Written by `make docs` from benchrace/api; do not edit.

import type { Lacks, ModelHere } from './models';
import type { Model, Operation, Problem, Startable } from './plugin';
import type { Timing } from './protocol';
import type { MachineState } from './run';
import type { Environment, Gpu, Hardware } from './telemetry';

/**
 * A backend of a machine; `reachable` is null until it was probed. `stops_at` is the wall time at which its
 * engine is stopped, if it is not used until then.
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
  operations: Operation[];
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
}

export interface CapabilityList {
  machines: CapabilitiesAnswer[];
}

export interface KindAnswer {
  kind: string;
  title: string;
  offers: Offer[];
}

/**
 * A machine of the fleet; `reason` says why it is not ready. `threads` are those that its processes may use,
 * null where that is unknown. `missing` is what it lacks of the model policy, null until its engines were asked.
 */
export interface MachineAnswer {
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
  offset_ns: number | null;
  uncertainty_ns: number | null;
  backends: BackendAnswer[];
  plugins: PluginState[];
  threads: number | null;
  gpus: Gpu[];
  missing: Lacks | null;
}

/**
 * `policy_problem` says why the model policy cannot be read; null where it can. `refused` are agents that were
 * not let in during the last minute, and so is an empty fleet.
 */
export interface MachineList {
  machines: MachineAnswer[];
  policy_problem: string | null;
  refused: RejectedAgent[];
}

export interface MachinePatch {
  excluded: boolean;
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
