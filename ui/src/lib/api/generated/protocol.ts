// Written by `make docs` from benchrace/api; do not edit.

import type { Source } from './config';
import type { Failure } from './errors';
import type { Asset, BackendDescription, Lending, Lent, Model, Operation, PluginDescription, Problem, Startable, Writing } from './plugin';
import type { Environment, Hardware } from './telemetry';

/**
 * A backend on this machine: what it offers, and whether its engine answers. `reachable` is null until the first
 * probe has ended; `legacy` is the backend's part of the older capabilities answer. `stops_at` is the wall time
 * at which the agent stops the engine, if nobody uses it until then.
 */
export interface BackendStatus {
  description: BackendDescription;
  plugin: string;
  reachable: boolean | null;
  engine_version: string | null;
  models: Model[];
  problems: Problem[];
  startable: Startable[];
  choices: Record<string, string[]>;
  legacy: Record<string, unknown>;
  stops_at: number | null;
}

/**
 * All that central knows of a machine; copied into the metadata of each run on it. `renewed` says that
 * `environment` is looked at again while nothing is measured; older agents report how it was when they began.
 * `timing` is null until the machine has certified itself; `restart` says why the agent has to be started again
 * before it can measure, null where it need not, and `restart_remedy` what to do. `problems` are those of the
 * machine itself: it can race, and somebody should look after it. `simulated` machines run a script: their
 * hardware and their speed are invented.
 */
export interface Capabilities {
  machine_id: string;
  label: string;
  version: string;
  fingerprint: string;
  hardware: Hardware;
  environment: Environment;
  plugins: PluginDescription[];
  backends: BackendStatus[];
  timing: Timing | null;
  restart: string | null;
  restart_remedy: string;
  problems: Problem[];
  simulated: boolean;
  renewed: boolean;
}

/**
 * A folder that an agent watches; a null is unknown, and `problem` says why. `setting` is the one that names it,
 * null for the agent's own data folder. `mounted` says that it is a mount point.
 */
export interface FolderReport {
  path: string;
  setting: string | null;
  exists: boolean | null;
  mounted: boolean | null;
  total_bytes: number | null;
  free_bytes: number | null;
  problem: string | null;
}

/** Progress (`unit` is not null) or a line of the log; `model` is the one that it is about. */
export interface OperationEvent {
  seq: number;
  timestamp_s: number;
  model: string | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  level: string | null;
  message: string | null;
}

/**
 * What an operation is about; it may be left out where it is about the engine itself. What is not given is not
 * sent: an older agent rejects fields that it does not know. `model` is the same as one in `models`; they are
 * taken in turn. `assets` are for a sync: none named means all that the backend is set to have. `write` is what
 * a write asks the model. `lending` names the lane that a lend is for, and `coordinator` is the address of that
 * lane's machine as central sees it, `elsewhere` that it is another computer.
 */
export interface OperationRequest {
  model?: string | null;
  models?: string[];
  assets?: Asset[];
  write?: Writing | null;
  lending?: Lending | null;
  coordinator?: string | null;
  elsewhere?: boolean;
}

export type OperationState = 'running' | 'done' | 'failed';

/**
 * How an operation stands. `results` has what the backend answered, one for each model. `events` are those from
 * the number asked for, as far as they are kept; `next` is the number to ask for then. `lent` is what a lend
 * offers, null until it listens.
 */
export interface OperationStatus {
  operation_id: string;
  machine_id: string;
  backend: string;
  operation: Operation;
  models: string[];
  state: OperationState;
  started_at: number;
  ended_at: number | null;
  results: unknown[];
  failure: Failure | null;
  events: OperationEvent[];
  next: number;
  lent: Lent | null;
}

/** The value that an agent uses, and where it comes from. */
export interface SettingUsed {
  value: unknown;
  source: Source;
}

/**
 * The settings that an agent uses, by name; it applies this `version` of central's. `waiting` says why a newer
 * version is not applied yet; `ignored` why some of central's settings cannot be applied at all.
 */
export interface SettingsReport {
  version: number;
  used: Record<string, SettingUsed>;
  folders: FolderReport[];
  ignored: Record<string, string>;
  waiting: string | null;
}

/**
 * `bias_ms` is the median error of an arrival, `jitter_ms` how far its p99 is from that. `checked_at` in wall
 * seconds; `source` says who stamped: `kernel`, `user` or `mixed`.
 */
export interface Timing {
  checked_at: number;
  source: string;
  bias_ms: number;
  jitter_ms: number;
}
