// Written by `make docs` from benchrace/api; do not edit.

import type { Reason } from './events';
import type { Better } from './kinds';

/** How far the order of the first two lanes can be trusted; `text` says level and reasons. */
export interface Confidence {
  level: ConfidenceLevel;
  reasons: Reason[];
  text: string;
}

export type ConfidenceLevel = 'high' | 'medium' | 'low';

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

/**
 * How many times better one lane is than another; 1 is equal. `ci95` is the 95 % interval of `value`, null for
 * the `reason` given.
 */
export interface Ratio {
  value: number;
  ci95: [number, number] | null;
  reason: string | null;
}

/**
 * Who won, by how much, and how sure that is. `lanes` are best first, those without a value last. `tied` are the
 * lanes that cannot be told apart from the leader, with the leader; it is empty where `winner` is set. `leader`
 * and `runner_up` are the first two with a value, or the first two that are tied; `ratio` is the one against the
 * other. `more_rounds` would probably separate leader and runner-up; it is null where they are separated, and
 * where more rounds do not help, which `confidence` then says. `headline`, `margin` ("2.2x faster"), `interval`
 * (of `ratio`) and `detail` are sentences to be shown as they are. Of a run of one lane, `headline` is its value
 * and `interval` that value's.
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
