/** The metrics of a run in rows: one metric, its value in each lane beside the others', and the best of them. */

import type { DocumentLane, MetricSummary } from '../../../lib/api/documents';
import type { Standing } from '../../../lib/events/types';
import { count, percent } from '../../../lib/format/quantity';
import { scaleOf, type Scale } from '../../../lib/format/scale';
import { delta, type Delta } from './deltas';
import { statisticOf, valueOf, type Statistic } from './statistic';
import { withoutTwins } from './twins';

export interface MetricCell {
  text: string;
  /** Whether it is the best; lanes that share the first place all are. */
  best: boolean;
  /** How far off the best it is, or off the baseline. */
  delta: Delta | null;
  /** Why a value or its interval is missing. */
  reason: string | null;
  details: [string, string][];
}

export interface MetricRow {
  name: string;
  /** With the titles of its twins, which have the same values. */
  titles: string[];
  formulas: string[];
  unit: string;
  statistic: Statistic;
  better: MetricSummary['better'];
  estimator: MetricSummary['estimator'];
  headline: boolean;
  /** Whether a value can be better than another: whole counts only say what was done. */
  scored: boolean;
  /** In the order of the lanes; null where a lane has no such metric. */
  cells: (MetricCell | null)[];
}

/** One metric as it was found, lane by lane. */
export interface Found {
  name: string;
  metric: MetricSummary;
  values: (MetricSummary | null)[];
}

/** Metrics that no lane has a value of, and why. */
export interface Unmeasured {
  titles: string[];
  reason: string;
}

/** The metric that ranks first, then the headlines, then the rest as they are declared. */
export function metricRows(lanes: readonly DocumentLane[], standing: Standing | null, base: string | null): MetricRow[] {
  const ranking = standing?.metric;
  const first = new Set(standing?.places.filter((place) => place.place === 1).map((place) => place.lane_id));
  const leads = lanes.map((lane) => first.has(lane.lane_id));
  const at = lanes.findIndex((lane) => lane.lane_id === base);
  const order = (found: Found) => (found.name === ranking ? 0 : found.metric.headline ? 1 : 2);
  const measured = found(lanes).filter(isMeasured).sort((one, other) => order(one) - order(other));
  return withoutTwins(measured).map(([found, ...twins]) => rowOf(found, twins, found.name === ranking ? leads : null, at));
}

export function unmeasured(lanes: readonly DocumentLane[]): Unmeasured[] {
  const byReason = new Map<string, string[]>();
  for (const { metric, values } of found(lanes).filter((each) => !isMeasured(each))) {
    const reasons = new Set(values.flatMap((value) => value?.reason ?? []));
    const reason = [...reasons].join('; ');
    byReason.set(reason, [...(byReason.get(reason) ?? []), metric.title]);
  }
  return [...byReason].map(([reason, titles]) => ({ titles, reason }));
}

function found(lanes: readonly DocumentLane[]): Found[] {
  const byName = new Map<string, Found>();
  lanes.forEach((lane, index) => {
    for (const [name, metric] of Object.entries(lane.summary)) {
      const own = byName.get(name) ?? { name, metric, values: lanes.map(() => null) };
      own.values[index] = metric;
      byName.set(name, own);
    }
  });
  return [...byName.values()];
}

const isMeasured = ({ values }: Found) => values.some((value) => value?.value != null);

/** `leads`: which lanes are at the first place, where the metric ranks. */
function rowOf({ name, metric, values }: Found, twins: Found[], leads: boolean[] | null, base: number): MetricRow {
  const ranks = leads !== null;
  const statistic = statisticOf(metric, ranks);
  const of = (value: MetricSummary | null | undefined) => valueOf(value, statistic);
  const scale = scaleOf(values.map(of), metric.unit);
  const scored = isScored(metric, values);
  const best = scored ? bestOf(metric, values, of) : null;
  const against = base < 0 ? best : values[base];
  const exact = metric.estimator === 'count';
  return {
    name,
    titles: [metric.title, ...twins.map((twin) => twin.metric.title)],
    formulas: [metric, ...twins.map((twin) => twin.metric)].map((each) => each.formula).filter(Boolean),
    unit: exact ? metric.unit : scale.unit,
    statistic,
    better: metric.better,
    estimator: metric.estimator,
    headline: metric.headline || ranks,
    scored,
    cells: values.map((value, at) => {
      if (value === null) return null;
      const apart = against && value !== against ? delta(value, against, of) : null;
      return {
        text: exact && Number.isInteger(value.value) ? count(value.value) : scale.text(of(value)),
        best: best !== null && (value === best || leads?.[at] === true),
        delta: apart,
        reason: value.reason,
        details: details(value, statistic, scale),
      };
    }),
  };
}

function isScored(metric: MetricSummary, values: (MetricSummary | null)[]): boolean {
  if (metric.better === 'none') return false;
  // Runs stored earlier gave whole counts a direction too.
  return metric.estimator !== 'count' || values.some((value) => value?.value != null && !Number.isInteger(value.value));
}

/** The lane to beat; none where all are equal. */
function bestOf(metric: MetricSummary, values: (MetricSummary | null)[], of: (value: MetricSummary) => number | null): MetricSummary | null {
  const valued = values.flatMap((value) => (value !== null && of(value) !== null ? [value] : []));
  const numbers = valued.map((value) => of(value) ?? 0);
  if (new Set(numbers).size < 2) return null;
  return valued[numbers.indexOf(metric.better === 'higher' ? Math.max(...numbers) : Math.min(...numbers))] ?? null;
}

/** What the interval is of, and over, where that is not the rounds. */
function about95(metric: MetricSummary, statistic: Statistic): string {
  if (metric.over) return `95 % over ${metric.over}`;
  return statistic === 'median' ? '95 % of the mean' : '95 %';
}

function details(metric: MetricSummary, statistic: Statistic, scale: Scale): [string, string][] {
  if (metric.value === null) return [];
  const n: [string, string] = ['n', count(metric.n)];
  if (metric.estimator === 'count' || (metric.n < 2 && metric.ci95 === null)) return [n];
  const other: [string, string] = statistic === 'median' ? ['mean', scale.text(metric.mean)] : ['median', scale.text(metric.median)];
  return [
    other,
    [about95(metric, statistic), scale.interval(metric.ci95)],
    n,
    ['sd', scale.text(metric.sd)],
    ['CV', percent(metric.cv)],
    ['range', scale.interval([metric.min, metric.max])],
  ];
}
