// Written by `make docs` from benchrace/api; do not edit.

import type { Better } from './kinds';
import type { ConfidenceLevel, RunState } from './run';

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

/** `next` is the `after` of the next page, null at the end. */
export interface Page {
  runs: RunRow[];
  next: string | null;
}

/**
 * Which runs to list, at most `limit` of them: those that follow the run `after`. Every word of `q` must be
 * found; `tag` and `state` must be equal, `kind` as well, and one lane at least be on `machine`. `series` is
 * that of a row. Runs without a value in the column of `sort` come last.
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
 * lanes; `work` is how much work the lanes had, where it was the same: `N 20 million`.
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
}

export type Sort = 'created' | 'title' | 'result' | 'value' | 'confidence' | 'machine';
