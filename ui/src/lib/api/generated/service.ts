// Written by `make docs` from benchrace/api; do not edit.

import type { Reach } from './machines';

/** `timestamp_s` is central's wall clock, to compare others with. */
export interface CentralHealth {
  ok: boolean;
  component: string;
  version: string;
  instance: string;
  timestamp_s: number;
}

/** `banner` is what people should see now; `disk_full` that new runs are refused. */
export interface CentralStatus {
  instance: string;
  version: string;
  running: string[];
  queued: number;
  degraded: boolean;
  banner: string | null;
}

/** `changed_at` is wall seconds. */
export interface LogFile {
  name: string;
  size: number;
  changed_at: number;
}

export interface LogList {
  logs: LogFile[];
}

/** The last `lines` in which every word of `q` is found. */
export interface LogQuery {
  lines?: number;
  q?: string;
}

/**
 * The last `lines` that were found, oldest first. `size` in bytes is that of the log with its older files; `cut`
 * says that older lines were not looked at.
 */
export interface LogTail {
  lines: string[];
  size: number;
  cut: boolean;
}

export interface ServiceList {
  services: ServiceStatus[];
}

/** `machine_id` is an agent's; `info` has its address and version while it runs. */
export interface ServiceStatus {
  component: string;
  running: boolean;
  pid: number | null;
  info: Record<string, unknown>;
  machine_id: string | null;
}

export interface StatusAnswer {
  central: CentralStatus;
  machines: Reach[];
}

/**
 * The model to look for, and with how many positions it would run. Its rates are predicted for a token behind
 * `depth` others.
 */
export interface StatusQuery {
  model?: string | null;
  num_ctx?: number | null;
  depth?: number;
}
