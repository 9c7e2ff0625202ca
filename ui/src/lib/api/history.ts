/** The calls that history makes: lists, changes, deletions, comparisons. */

import { get, patch, remove } from './client';
import type { MetricSummary, RunDocument, RunState } from './documents';

export interface RowLane {
  label: string;
  machine_id: string;
  backend: string;
  metric: string | null;
  value: number | null;
  unit: string | null;
}

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
}

export interface RunPage {
  runs: RunRow[];
  /** The key of the next page, null at the end. */
  next: string | null;
}

export interface Choice {
  value: string;
  runs: number;
}

export interface Choices {
  states: Choice[];
  kinds: Choice[];
  tags: Choice[];
  machines: Choice[];
}

export interface Changes {
  name?: string | null;
  tags?: string[];
  notes?: string | null;
}

export interface Difference {
  value: number | null;
  relative: number | null;
  ci95: [number, number] | null;
  reason: string | null;
}

export interface MetricPair {
  name: string;
  title: string;
  unit: string;
  direction: 'higher' | 'lower';
  headline: boolean;
  a: MetricSummary | null;
  b: MetricSummary | null;
  difference: Difference;
  better: 'a' | 'b' | null;
}

export interface Differing {
  field: string;
  a: string | null;
  b: string | null;
  role: 'controlled variable' | 'confounder';
}

export interface LanePair {
  a: string;
  b: string;
  label_a: string;
  label_b: string;
  matched_by: string;
  metrics: MetricPair[];
  differing: Differing[];
}

export interface Comparison {
  a: string;
  b: string;
  lanes: LanePair[];
  only_a: string[];
  only_b: string[];
}

const at = (runId: string) => `/api/runs/${encodeURIComponent(runId)}`;

export function list(query: URLSearchParams, signal?: AbortSignal): Promise<RunPage> {
  return get<RunPage>(`/api/runs?${query.toString()}`, signal);
}

export function choices(signal?: AbortSignal): Promise<Choices> {
  return get<Choices>('/api/runs/choices', signal);
}

export function change(runId: string, changes: Changes): Promise<RunDocument> {
  return patch<RunDocument>(at(runId), changes);
}

export function destroy(runId: string): Promise<unknown> {
  return remove(at(runId));
}

export function compare(a: string, b: string, signal?: AbortSignal): Promise<Comparison> {
  return get<Comparison>(`/api/compare?${new URLSearchParams({ a, b }).toString()}`, signal);
}

/** Where a run is exported to, by the ending of its name. */
export function exportAddress(runId: string, ending: string): string {
  return `${at(runId)}/export.${ending}`;
}
