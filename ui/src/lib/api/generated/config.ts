// Written by `make docs` from benchrace/api; do not edit.

export type AfterRun = 'keep' | 'unload' | 'stop';

/** Models by what they are for, named as their engines name them. */
export interface Group {
  llm: string[];
  whisper: string[];
  sdxl_profiles: string[];
}

/** Models by what they are for, named as their engines name them. */
export interface GroupInput {
  llm?: string[];
  whisper?: string[];
  sdxl_profiles?: string[];
}

/**
 * A null is not set, and leaves the choice to who comes next: file, central, default. A run sets its own
 * `sampling_s`; this one is for jobs that are started on the agent directly.
 */
export interface MachineSettings {
  sampling_s: number | null;
  heartbeat_interval_s: number | null;
  idle_stop_s: number | null;
  after_run: AfterRun | null;
  keep_jobs: number | null;
  keep_days: number | null;
  models_dir: string | null;
  model_share: string | null;
}

/**
 * A null is not set, and leaves the choice to who comes next: file, central, default. A run sets its own
 * `sampling_s`; this one is for jobs that are started on the agent directly.
 */
export interface MachineSettingsInput {
  sampling_s?: number | null;
  heartbeat_interval_s?: number | null;
  idle_stop_s?: number | null;
  after_run?: AfterRun | null;
  keep_jobs?: number | null;
  keep_days?: number | null;
  models_dir?: string | null;
  model_share?: string | null;
}

export interface ModelPolicy {
  required?: GroupInput;
  optional?: GroupInput;
}

/**
 * Finished runs are deleted that ended more than `days` ago, that are not among the newest `runs`, and, oldest
 * first, until those that are left take at most `gib` GiB. Null sets no limit. Pinned runs, and runs that are
 * used as baselines, are kept, and count toward no limit.
 */
export interface RetentionLimits {
  days: number | null;
  runs: number | null;
  gib: number | null;
}

/**
 * Finished runs are deleted that ended more than `days` ago, that are not among the newest `runs`, and, oldest
 * first, until those that are left take at most `gib` GiB. Null sets no limit. Pinned runs, and runs that are
 * used as baselines, are kept, and count toward no limit.
 */
export interface RetentionLimitsInput {
  days?: number | null;
  runs?: number | null;
  gib?: number | null;
}

export type Source = 'agent.yaml' | 'central' | 'default';

export type Watching = 'nobody' | 'token' | 'everybody';
