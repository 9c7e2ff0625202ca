/** Comparisons of several runs with one baseline, sorted by its lanes and their metrics. */

import type { DocumentLane, MetricSummary, RunDocument } from '../../lib/api/documents';
import type { Comparison, LanePair, MetricPair } from '../../lib/api/history';
import { laneOf } from './address';

export interface LaneRow {
  lane: DocumentLane;
  /** By run after the baseline; null where none of its lanes matches. */
  pairs: (LanePair | null)[];
}

export interface MetricRow extends Pick<MetricPair, 'name' | 'title' | 'unit' | 'direction' | 'headline'> {
  a: MetricSummary | null;
  pairs: (MetricPair | null)[];
}

/** The lanes of a run that take part. */
export function lanesOf(run: RunDocument, side: string): DocumentLane[] {
  const name = laneOf(side);
  if (name === null) return run.lanes;
  const named = run.lanes.filter((lane) => lane.lane_id === name);
  return named.length > 0 ? named : run.lanes.filter((lane) => lane.label === name);
}

/** The lanes of the baseline that meet another one. */
export function laneRows(comparisons: readonly Comparison[], baseline: RunDocument): LaneRow[] {
  return baseline.lanes
    .map((lane) => ({ lane, pairs: comparisons.map(({ lanes }) => lanes.find((pair) => pair.a === lane.lane_id) ?? null) }))
    .filter(({ pairs }) => pairs.some((pair) => pair !== null));
}

/** Headlines first, then as central lists them. */
export function metricRows(pairs: readonly (LanePair | null)[]): MetricRow[] {
  const rows = new Map<string, MetricRow>();
  pairs.forEach((pair, at) => {
    for (const metric of pair?.metrics ?? []) {
      const { name, title, unit, direction, headline } = metric;
      const row = rows.get(name) ?? { name, title, unit, direction, headline, a: null, pairs: pairs.map(() => null) };
      row.a ??= metric.a;
      row.pairs[at] = metric;
      rows.set(name, row);
    }
  });
  return [...rows.values()].sort((one, other) => Number(other.headline) - Number(one.headline));
}

export function isMeasured({ a, pairs }: MetricRow): boolean {
  return [a, ...pairs.map((pair) => pair?.b)].some((metric) => metric?.value != null);
}

/** The metrics that no run has a value of, by the reasons that they give. */
export function unmeasured(rows: readonly MetricRow[]): { titles: string[]; reason: string }[] {
  const byReason = new Map<string, string[]>();
  for (const { title, a, pairs } of rows.filter((row) => !isMeasured(row))) {
    const reason = [...new Set([a, ...pairs.map((pair) => pair?.b)].flatMap((metric) => metric?.reason ?? []))].join('; ');
    byReason.set(reason, [...(byReason.get(reason) ?? []), title]);
  }
  return [...byReason].map(([reason, titles]) => ({ titles, reason }));
}

/** The lanes of each run that meet no lane of the others, the baseline's first. */
export function unmatched(comparisons: readonly Comparison[], runs: readonly RunDocument[]): string[][] {
  const alone = runs[0]?.lanes.map((lane) => lane.lane_id).filter((id) => comparisons.every(({ only_a }) => only_a.includes(id)));
  return [alone ?? [], ...comparisons.map(({ only_b }) => only_b)].map((ids, at) =>
    ids.map((id) => runs[at]?.lanes.find((lane) => lane.lane_id === id)?.label ?? id),
  );
}
