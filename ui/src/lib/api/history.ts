/** The calls that history makes: lists, changes, deletions, comparisons. */

import type { Choices, Page, RunAnswer, RunPatch, RunsComparison, SeriesList } from './generated';

export type {
  Choice,
  Choices,
  Comparison,
  Difference,
  Direction,
  Differing,
  HistoryChange,
  LaneHistory,
  LanePair,
  MetricPair,
  Page as RunPage,
  RowLane,
  RowMachine,
  RunPatch as Changes,
  RunRow,
  SeriesAnswer,
  SeriesList,
  Sort,
} from './generated';

import { get, ofRuns, patch, remove } from './client';

const at = (runId: string) => `/api/runs/${encodeURIComponent(runId)}`;

export function list(query: URLSearchParams, signal?: AbortSignal): Promise<Page> {
  return get<Page>(`/api/runs?${query.toString()}`, signal);
}

/** The same runs, those of the same work and lanes together. */
export function series(query: URLSearchParams, signal?: AbortSignal): Promise<SeriesList> {
  return get<SeriesList>(`/api/runs/series?${query.toString()}`, signal);
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

/** `query` names the runs, the baseline `a` first, and lanes that are matched by hand. */
export function compare(query: URLSearchParams, signal?: AbortSignal): Promise<RunsComparison> {
  return ofRuns(get<RunsComparison>(`/api/compare?${query.toString()}`, signal));
}

/** Where a run is exported to, by the ending of its name. */
export function exportAddress(runId: string, ending: string): string {
  return `${at(runId)}/export.${ending}`;
}
