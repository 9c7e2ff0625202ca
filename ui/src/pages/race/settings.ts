/** How lanes were set, and what is known of machines, as names and values. */

import type { DocumentLane, RunDocument } from '../../lib/api/documents';
import { fields } from '../../lib/schema/schema';

/** Parameters that differ between lanes. */
export function differingParams(run: Pick<RunDocument, 'lanes'>): Set<string> {
  const names = new Set(run.lanes.flatMap((lane) => Object.keys(lane.params)));
  const valueOf = (lane: DocumentLane, name: string) => JSON.stringify(lane.params[name]);
  return new Set([...names].filter((name) => new Set(run.lanes.map((lane) => valueOf(lane, name))).size > 1));
}

/** What the form calls each parameter, with its unit. */
export function titlesOf(run: Pick<RunDocument, 'workloads'>): Map<string, string> {
  const all = Object.values(run.workloads).flatMap((workload) => fields(workload.params_schema));
  return new Map(all.reverse().map(({ name, title, unit }) => [name, unit ? `${title}, ${unit}` : title]));
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
