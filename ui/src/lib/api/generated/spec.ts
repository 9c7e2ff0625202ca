// Written by `make docs` from benchrace/api; do not edit.

/**
 * A lane takes what it does not say from the run, or from the only one that fits. `clients` are machines that
 * generate load in addition to the lane's own: each sends its share of the requests to the same server.
 * `workers` are the worker machines of the lane, whose own machine coordinates them.
 */
export interface LaneSpec {
  machine_id: string | null;
  backend: string | null;
  label: string | null;
  params: Record<string, unknown>;
  clients: string[];
  workers: string[];
}

/**
 * A lane takes what it does not say from the run, or from the only one that fits. `clients` are machines that
 * generate load in addition to the lane's own: each sends its share of the requests to the same server.
 * `workers` are the worker machines of the lane, whose own machine coordinates them.
 */
export interface LaneSpecInput {
  machine_id?: string | null;
  backend?: string | null;
  label?: string | null;
  params?: Record<string, unknown>;
  clients?: string[];
  workers?: string[];
}

export type Order = 'contiguous' | 'abba' | 'random';

export type ResidentModels = 'one' | 'many';

/**
 * One comparison. `preset` names an overlay of the workload, below `params`. `resident` is for engines that keep
 * models in memory: `many` lets lanes of one machine be open together, and take turns. `sampling_s` is the
 * period of runtime samples in seconds, 0 for none; `timeout_s` the longest that one round may take. `continues`
 * is the ID of a run that this one repeats with more rounds: the two are linked and compared, and their rounds
 * never joined.
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
  continues: string | null;
}

/**
 * One comparison. `preset` names an overlay of the workload, below `params`. `resident` is for engines that keep
 * models in memory: `many` lets lanes of one machine be open together, and take turns. `sampling_s` is the
 * period of runtime samples in seconds, 0 for none; `timeout_s` the longest that one round may take. `continues`
 * is the ID of a run that this one repeats with more rounds: the two are linked and compared, and their rounds
 * never joined.
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
  continues?: string | null;
}

export type Sync = 'first_heat' | 'every_heat';
