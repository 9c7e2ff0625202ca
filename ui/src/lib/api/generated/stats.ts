// Written by `make docs` from benchrace/api; do not edit.

import type { Better } from './kinds';
import type { Ratio } from './result';
import type { Agreement, MetricSummary } from './summary';

/**
 * How `b` stands against the baseline `a`. `ratio` says how many times better b is: under 1 it is worse. `text`
 * is the cell of a table: `2.2x faster`, `12 % slower`, `no clear change`; `interval` that of the ratio in
 * words. `worse` says whether b is clearly worse, in the metric's own direction. It is false where b is better,
 * equal, or not clearly different, and null, with a `reason`, where that cannot be said. `more_rounds` in each
 * of the two would probably show a clear change; null where that is unknown.
 */
export interface Change {
  verdict: Verdict;
  text: string;
  ratio: Ratio | null;
  interval: string | null;
  worse: boolean | null;
  reason: string | null;
  more_rounds: number | null;
}

/** Run `b` against run `a`; lanes without a partner are named by id. */
export interface Comparison {
  a: string;
  b: string;
  lanes: LanePair[];
  only_a: string[];
  only_b: string[];
}

/**
 * `value` is the second minus the first; `relative` is `value` over the size of the first. `ci95` is the 95 %
 * interval of `value`; `reason` says why something is null.
 */
export interface Difference {
  value: number | null;
  relative: number | null;
  ci95: [number, number] | null;
  reason: string | null;
}

/** A field of identity that is not the same; a value is null where that side has none. */
export interface Differing {
  field: string;
  a: string | null;
  b: string | null;
  role: Role;
}

/**
 * How the newest value stands against the `earlier` ones, as many as there are. `ratio` says how many times
 * better it is than their mean. Its 95 % interval is that of a prediction: it contains 1 where the newest run
 * fits the earlier ones. `text` is a cell of a table: `12 % slower`, `no clear change`.
 */
export interface HistoryChange {
  verdict: Verdict;
  text: string;
  earlier: number;
  ratio: Ratio | null;
  interval: string | null;
}

/**
 * Two lanes that match; `matched_by` names the rule, "hand" where somebody chose them. Each agreement is with a
 * lane of its own run. `work` says that the lanes had not the same to do, and what is not comparable for that
 * reason, or that one run is simulated and the other is not; null otherwise. `headline` is the change of the
 * first headline metric that compares. `missing_a` and `missing_b` say what a side does not have yet, so that it
 * is not compared.
 */
export interface LanePair {
  a: string;
  b: string;
  label_a: string;
  label_b: string;
  matched_by: string;
  metrics: MetricPair[];
  differing: Differing[];
  agreement_a: Agreement | null;
  agreement_b: Agreement | null;
  missing_a: string[];
  missing_b: string[];
  work: string | null;
  headline: string | null;
}

/**
 * One metric of two lanes; a side is null where its lane has no such metric. `difference` is b minus a. `better`
 * names the side that is ahead, "a" or "b". It is null if the interval of the difference contains zero or is
 * missing, if the difference is within the error of the machines' stamps, if the two are not comparable, or if
 * neither direction is better. `change` is the same in words, with a as the baseline.
 */
export interface MetricPair {
  name: string;
  title: string;
  unit: string;
  direction: Better;
  headline: boolean;
  a: MetricSummary | null;
  b: MetricSummary | null;
  difference: Difference;
  better: string | null;
  change: Change;
}

export type Role = 'controlled variable' | 'confounder';

/** Run `b` against the baseline `a`, and in `more` each further run against `a`, as its `b`. */
export interface RunsComparison {
  a: string;
  b: string;
  lanes: LanePair[];
  only_a: string[];
  only_b: string[];
  more: Comparison[];
}

export type Verdict = 'faster' | 'slower' | 'higher' | 'lower' | 'equal' | 'no clear change' | 'needs 2 rounds' | 'needs 3 runs' | 'not comparable' | 'not measured';
