/** The calls that history makes: lists, changes, deletions, comparisons. */

import type { Choices, Comparison, Page, RunAnswer, RunPatch } from './generated';

export type {
  Choice,
  Choices,
  Comparison,
  Difference,
  Direction,
  Differing,
  LanePair,
  MetricPair,
  Page as RunPage,
  RowLane,
  RowMachine,
  RunPatch as Changes,
  RunRow,
  Sort,
} from './generated';

import { get, ofRuns, patch, remove } from './client';

const at = (runId: string) => `/api/runs/${encodeURIComponent(runId)}`;

export function list(query: URLSearchParams, signal?: AbortSignal): Promise<Page> {
  return get<Page>(`/api/runs?${query.toString()}`, signal);
}

export function choices(signal?: AbortSignal): Promise<Choices> {
  return get<Choices>('/api/runs/choices', signal);
}

export function change(runId: string, changes: RunPatch): Promise<RunAnswer> {
  return ofRuns(patch<RunAnswer>(at(runId), changes));
}

export function destroy(runId: string): Promise<unknown> {
  return ofRuns(remove(at(runId)));
}

export function compare(a: string, b: string, signal?: AbortSignal): Promise<Comparison> {
  return ofRuns(get<Comparison>(`/api/compare?${new URLSearchParams({ a, b }).toString()}`, signal));
}

/** Where a run is exported to, by the ending of its name. */
export function exportAddress(runId: string, ending: string): string {
  return `${at(runId)}/export.${ending}`;
}
