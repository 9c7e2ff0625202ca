/** The calls of central's API that the page makes, one function each. */

import { get, ofRuns, post } from './client';
import type { DemoAnswer, KindAnswer, Machine, Plan, RunDocument, RunFiles, RunRow, RunSpec, RunState, Status } from './documents';

export function run(runId: string, signal?: AbortSignal): Promise<RunDocument> {
  return ofRuns(get<RunDocument>(`/api/runs/${encodeURIComponent(runId)}`, signal));
}

/** The files that a run's rounds made, where each is now, and how alike its images are as far as that is known. */
export function files(runId: string): Promise<RunFiles> {
  return get(`/api/runs/${encodeURIComponent(runId)}/artifacts`);
}

export function artifactAddress(runId: string, sha256: string): string {
  return `/api/runs/${encodeURIComponent(runId)}/artifacts/${encodeURIComponent(sha256)}`;
}

/** A small copy of an image, or the image itself where there is none. */
export function thumbnailAddress(runId: string, sha256: string): string {
  return `${artifactAddress(runId, sha256)}/thumbnail`;
}

export function submit(spec: RunSpec): Promise<{ run_id: string }> {
  return post('/api/runs', spec);
}

/** Start simulated machines beside central, and a race of them. */
export function startDemo(): Promise<DemoAnswer> {
  return post('/api/demo', {});
}

/** Plan and check a run on its machines, and store nothing. */
export function plan(spec: RunSpec): Promise<Plan> {
  return post('/api/runs/plan', spec);
}

/** How long a race takes, as far as earlier ones tell; no machine is asked. */
export async function estimate(spec: RunSpec): Promise<number | null> {
  return (await post<Plan>('/api/runs/plan?check=0', spec)).estimate.duration_ns;
}

export function cancel(runId: string): Promise<unknown> {
  const reason = 'cancelled on the page';
  return post(`/api/runs/${encodeURIComponent(runId)}/cancel`, { reason });
}

export async function machines(signal?: AbortSignal): Promise<Machine[]> {
  return (await get<{ machines: Machine[] }>('/api/machines', signal)).machines;
}

export async function kinds(signal?: AbortSignal): Promise<KindAnswer[]> {
  return (await get<{ workloads: KindAnswer[] }>('/api/workloads', signal)).workloads;
}

export function status(signal?: AbortSignal): Promise<Status> {
  return get<Status>('/api/status', signal);
}

/** The newest runs in a state. */
export async function runsIn(state: RunState): Promise<RunRow[]> {
  return (await get<{ runs: RunRow[] }>(`/api/runs?limit=5&state=${state}`)).runs;
}
