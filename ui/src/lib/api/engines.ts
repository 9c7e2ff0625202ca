/** The calls about engines: their models, how these fit, what is required, and operations. */

import type { Operation } from './documents';
import type {
  Group,
  ModelHere,
  OperationStatus,
  PolicyAnswer,
  StatusAnswer,
} from './generated';

export type {
  Badge,
  Fit,
  Group,
  ModelHere,
  OperationEvent,
  OperationStatus,
  PolicyAnswer,
  Prediction,
} from './generated';

export interface Policy {
  required: Group;
  optional: Group;
}

import { get, post } from './client';

const part = encodeURIComponent;

/** How a model stands on each machine, by the machine's id; with `context` positions, 0 for its own. */
export async function modelOn(model: string, context: number): Promise<Map<string, ModelHere>> {
  const query = new URLSearchParams({ model });
  if (context > 0) query.set('num_ctx', String(context));
  const { machines } = await get<StatusAnswer>(`/api/status?${query.toString()}`);
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
