// Written by `make docs` from benchrace/api; do not edit.

import type { RetentionLimits } from './config';
import type { Better } from './kinds';
import type { ConfidenceLevel } from './result';
import type { RunState } from './states';

/** A value that runs can be listed by, and how many runs have it. */
export interface Choice {
  value: string;
  runs: number;
}

/** The commonest values first, at most `MAX_ROWS` of each. */
export interface Choices {
  states: Choice[];
  kinds: Choice[];
  tags: Choice[];
  machines: Choice[];
}

export type Direction = 'ascending' | 'descending';

/** A run that is over a limit, its size in bytes, and which limit it is. */
export interface ExpiredRun {
  run_id: string;
  size: number;
  reason: string;
}

/** `next` is the `after` of the next page, null at the end. */
export interface Page {
  runs: RunRow[];
  next: string | null;
}

/**
 * What limits mean for the stored runs. `expired` are the runs over them; `removed` says whether they are gone.
 * `size` is that of all stored runs, in bytes. `pinned` and `baselines` count the runs that stay for that
 * reason. `failed` says of runs why they could not be removed. `last_s` is when central applied the limits of
 * `central.yaml` last, in wall seconds, null before the first time.
 */
export interface Pruning {
  limits: RetentionLimits;
  expired: ExpiredRun[];
  removed: boolean;
  runs: number;
  size: number;
  pinned: number;
  baselines: number;
  failed: string[];
  last_s: number | null;
}

/**
 * Which runs to list, at most `limit` of them: those that follow the run `after`. Every word of `q` must be
 * found; `tag` and `state` must be equal, `kind` as well, and one lane at least be on `machine`. `series` is
 * that of a row; `continues` is the ID of a run that others repeat with more rounds. Runs without a value in the
 * column of `sort` come last.
 */
export interface Query {
  limit?: number;
  after?: string | null;
  q?: string | null;
  tag?: string | null;
  state?: RunState | null;
  kind?: string | null;
  machine?: string | null;
  series?: string | null;
  continues?: string | null;
  sort?: Sort;
  order?: Direction;
}

/**
 * A lane with the ranking metric, or its first headline metric where nothing is ranked. `value` is null where it
 * has neither; `better` says which values are. `share` and `place` are those of the run's result.
 */
export interface RowLane {
  label: string;
  machine_id: string;
  backend: string;
  metric: string | null;
  value: number | null;
  unit: string | null;
  better: Better | null;
  share: number | null;
  place: number | null;
}

/** A machine with its processor and GPUs by the names that they have for themselves. */
export interface RowMachine {
  machine_id: string;
  label: string | null;
  cpu: string | null;
  gpus: string[];
}

/**
 * What came of a race: the sentences of its `Result`. `leader` and `tied` are labels, `tied` empty where a lane
 * won; `ratio` says how many times better the leader is than the second lane. `doubt` is the confidence in
 * words.
 */
export interface RowResult {
  headline: string;
  margin: string | null;
  confidence: ConfidenceLevel;
  doubt: string;
  leader: string;
  tied: string[];
  ratio: number | null;
}

/**
 * `title` is made of the lanes, for a run without a name; times are wall seconds. `winner` is the label of the
 * lane that won. `result` is null while nothing is ranked. `series` is the same in runs of the same work and
 * lanes; `work` is how much work the lanes had, where it was the same: `N 20 million`. The machines of a
 * `simulated` run are invented. `continues` is the run that this one repeats with more rounds. Retention never
 * removes a `pinned` one.
 */
export interface RunRow {
  run_id: string;
  state: RunState;
  kind: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  name: string | null;
  tags: string[];
  rounds: number;
  lanes: RowLane[];
  winner: string | null;
  notes: string | null;
  title: string;
  result: RowResult | null;
  machines: RowMachine[];
  series: string;
  work: string;
  simulated: boolean;
  continues: string | null;
  pinned: boolean;
}

export type Sort = 'created' | 'title' | 'result' | 'value' | 'confidence' | 'machine';
