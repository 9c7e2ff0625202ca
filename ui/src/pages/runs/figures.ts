/** Every figure of a run in rows: one metric, each lane beside the others. */

import type { DocumentLane, MetricSummary, RunDocument } from '../../lib/api/documents';

export interface FigureRow {
  name: string;
  title: string;
  unit: string;
  better: MetricSummary['better'];
  estimator: string;
  formula: string;
  headline: boolean;
  /** In the order of the lanes; null where a lane has none. */
  values: (MetricSummary | null)[];
}

export const ESTIMATORS: Record<string, string> = {
  sample: 'mean of the rounds',
  ratio: 'sum / sum over the rounds',
  count: 'count that all rounds agree on',
};

export function figures(lanes: readonly DocumentLane[]): FigureRow[] {
  const rows = new Map<string, FigureRow>();
  lanes.forEach((lane, index) => {
    for (const [name, metric] of Object.entries(lane.summary)) {
      const { title, unit, better, estimator, formula, headline } = metric;
      const row = rows.get(name) ?? { name, title, unit, better, estimator, formula, headline, values: lanes.map(() => null) };
      row.values[index] = metric;
      rows.set(name, row);
    }
  });
  return [...rows.values()].sort((one, other) => Number(other.headline) - Number(one.headline));
}

/** `simple_sieve` and the like: only what differs between lanes tells them apart. */
export function differingParams(run: Pick<RunDocument, 'lanes'>): Set<string> {
  const names = new Set(run.lanes.flatMap((lane) => Object.keys(lane.params)));
  const valueOf = (lane: DocumentLane, name: string) => JSON.stringify(lane.params[name]);
  return new Set([...names].filter((name) => new Set(run.lanes.map((lane) => valueOf(lane, name))).size > 1));
}

/** The leaves of what a machine said of itself, as `path: value`; empty ones are left out. */
export function leaves(value: unknown, path = ''): [string, string][] {
  if (value === null || value === undefined || value === '') return [];
  if (Array.isArray(value)) {
    if (value.length === 0) return [];
    if (value.every((item) => typeof item !== 'object')) return [[path, value.join(', ')]];
    return value.flatMap((item, index) => leaves(item, `${path} ${index + 1}`.trim()));
  }
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, `${path} ${name.replaceAll('_', ' ')}`.trim()));
  }
  return [[path, typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)]];
}
