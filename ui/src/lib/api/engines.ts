/** The calls about engines: their models, how these fit, what is required, and operations. */

import { get, post } from './client';
import type { Machine, Operation } from './documents';
import type { Failure } from '../events/types';

export type Badge = 'GOOD' | 'RISK' | 'FAIL' | 'UNKNOWN';

/** Whether a model fits a machine's memory, with every number that went into it; bytes. */
export interface Fit {
  badge: Badge;
  ratio: number | null;
  need_bytes: number | null;
  weights_bytes: number | null;
  kv_bytes: number | null;
  buffer_bytes: number | null;
  buffer_assumed: boolean;
  usable_bytes: number | null;
  pool: 'vram' | 'unified' | 'system';
  context: number | null;
  slots: number;
  missing: string[];
}

/** How a model stands on a machine; `fit` is null where no machine knows the model. */
export interface ModelHere {
  model: string;
  has_model: boolean;
  backends: string[];
  fit: Fit | null;
}

export interface OperationEvent {
  seq: number;
  timestamp_s: number;
  model: string | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  level: string | null;
  message: string | null;
}

export interface OperationStatus {
  operation_id: string;
  machine_id: string;
  backend: string;
  operation: Operation;
  models: string[];
  state: 'running' | 'done' | 'failed';
  started_at: number;
  ended_at: number | null;
  results: unknown[];
  failure: Failure | null;
  events: OperationEvent[];
  /** The number of the first event to ask for next. */
  next: number;
}

/** Names of models by what they are for. */
export interface Group {
  llm: string[];
  whisper: string[];
  sdxl_profiles: string[];
}

export interface Policy {
  required: Group;
  optional: Group;
}

export interface PolicyAnswer extends Policy {
  path: string;
  backup: string | null;
}

const part = encodeURIComponent;

/** How a model stands on each machine, by the machine's id; with `context` positions, 0 for its own. */
export async function modelOn(model: string, context: number): Promise<Map<string, ModelHere>> {
  const query = new URLSearchParams({ model });
  if (context > 0) query.set('num_ctx', String(context));
  type Reach = Pick<Machine, 'machine_id'> & { model: ModelHere | null };
  const { machines } = await get<{ machines: Reach[] }>(`/api/status?${query.toString()}`);
  return new Map(machines.flatMap((each) => (each.model ? [[each.machine_id, each.model] as const] : [])));
}

export function operate(
  machineId: string,
  backend: string,
  operation: Operation,
  model: string | null,
): Promise<OperationStatus> {
  const path = `/api/machines/${part(machineId)}/backends/${part(backend)}/${operation}`;
  return post(path, model === null ? {} : { model });
}

/** How an operation stands; waits up to `wait_s` for an event from `since` on. */
export function follow(known: OperationStatus, since: number, wait_s: number): Promise<OperationStatus> {
  return get(`${operationPath(known)}?since=${since}&wait_s=${wait_s}`);
}

export function cancelOperation(known: OperationStatus): Promise<OperationStatus> {
  return post(`${operationPath(known)}/cancel`, {});
}

export function policy(): Promise<PolicyAnswer> {
  return get('/api/settings/model_policy');
}

/** Replace the policy; the old file stays beside the new one. */
export function changePolicy(now: Policy): Promise<PolicyAnswer> {
  return post('/api/settings/model_policy', now);
}

function operationPath(known: OperationStatus): string {
  return `/api/machines/${part(known.machine_id)}/operations/${part(known.operation_id)}`;
}
