/** Requests to central; every failure is one `ApiError` that says what to do. */

import type { Failure, FieldError } from '../events/types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly failure: Failure,
    /** When central wants to be asked again, in seconds. */
    readonly retry_after_s = 0,
  ) {
    super(failure.message);
  }

  get remedy(): string {
    return this.failure.remedy;
  }

  get fields(): FieldError[] {
    return this.failure.fields ?? [];
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return read<T>(await send(path, { signal }));
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  return read<T>(await send(path, json('POST', body)));
}

export async function patch<T>(path: string, body: unknown): Promise<T> {
  return read<T>(await send(path, json('PATCH', body)));
}

export async function remove<T>(path: string): Promise<T> {
  return read<T>(await send(path, { method: 'DELETE' }));
}

/** Called where central does not let a request in: true to make it again. */
type Unknown = (path: string, status: number, tried: boolean, signal?: AbortSignal | null) => Promise<boolean>;

let unknown: Unknown = () => Promise.resolve(false);

export function onUnknown(call: Unknown): void {
  unknown = call;
}

/** Make the same request as the others, and give the answer unread: for streams. */
export async function send(path: string, request: RequestInit): Promise<Response> {
  for (let tried = false; ; tried = true) {
    const answer = await ask(path, request);
    if (answer.ok) return answer;
    const error = new ApiError(answer.status, await failureOf(answer), Number(answer.headers.get('Retry-After')) || 0);
    const refused = answer.status === 401 || answer.status === 403;
    if (!refused || !(await unknown(path, answer.status, tried, request.signal))) throw error;
  }
}

async function ask(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: 'same-origin', ...request });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
}

/** Say any thrown thing as a failure. */
export function failure(error: unknown): Failure {
  if (error instanceof ApiError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { category: 'system', message, remedy: 'Reload the page; report it if it happens again.' };
}

/** Wait for an answer about runs; of one that is not there, central's remedy is a command for a terminal. */
export async function ofRuns<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new ApiError(404, { ...error.failure, remedy: 'It may have been deleted, or its address is incomplete. Choose another one under Runs.' });
  }
}

function unreachable(): ApiError {
  return new ApiError(0, {
    category: 'unreachable',
    message: 'central does not answer',
    remedy: 'Start it with `benchrace central`, or wait until the network is back.',
  });
}

function json(method: string, body: unknown): RequestInit {
  const headers = { 'Content-Type': 'application/json' };
  return { method, headers, body: JSON.stringify(body) };
}

async function read<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  return (text ? JSON.parse(text) : null) as T;
}

async function failureOf(answer: Response): Promise<Failure> {
  const other: Failure = {
    category: answer.status >= 500 ? 'unreachable' : 'system',
    message: `central answered ${answer.status}`,
    remedy: 'Check central’s log.',
  };
  try {
    const { error } = (await answer.json()) as { error?: Partial<Failure> };
    if (typeof error?.message !== 'string') return other;
    return { ...other, ...error };
  } catch {
    return other;
  }
}
