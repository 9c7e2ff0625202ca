/** One operation on an engine: started, followed to its end, and what it said. */

import * as engines from '../../lib/api/engines';
import { ApiError, failure } from '../../lib/api/client';
import type { Operation } from '../../lib/api/documents';
import type { OperationEvent, OperationStatus } from '../../lib/api/engines';
import type { Failure } from '../../lib/events/types';

const WAIT_S = 20;
const AGAIN_MS = 2_000;
const MAX_LINES = 200;

export interface OperationRequest {
  machineId: string;
  backend: string;
  operation: Operation;
  model?: string | undefined;
}

type Calls = Pick<typeof engines, 'operate' | 'follow' | 'cancelOperation'>;

export class Operating {
  request = $state.raw<OperationRequest | null>(null);
  status = $state.raw<OperationStatus | null>(null);
  /** The last lines of its log. */
  lines = $state.raw<OperationEvent[]>([]);
  progress = $state.raw<OperationEvent | null>(null);
  /** Why it could not be asked for, or why it failed. */
  failure = $state.raw<Failure | null>(null);
  /** From the press on until its end is known. */
  busy = $state(false);

  private closed = false;

  constructor(
    private readonly calls: Calls = engines,
    private readonly again_ms = AGAIN_MS,
  ) {}

  /** Do it, and stay until it is over; gives whether it went well. */
  async run(request: OperationRequest): Promise<boolean> {
    if (this.busy) return false;
    this.request = request;
    this.status = this.progress = this.failure = null;
    this.lines = [];
    this.busy = true;
    try {
      this.take(await this.calls.operate(request.machineId, request.backend, request.operation, request.model ?? null));
      while (this.status !== null && isOn(this.status) && !this.closed) await this.next(this.status);
    } catch (error) {
      this.failure = failure(error);
    }
    this.busy = false;
    return this.wentWell();
  }

  async cancel(): Promise<void> {
    if (this.status === null || !isOn(this.status)) return;
    try {
      await this.calls.cancelOperation(this.status);
    } catch (error) {
      this.failure = failure(error);
    }
  }

  /** It goes on without the page. */
  close(): void {
    this.closed = true;
  }

  private wentWell(): boolean {
    return this.failure === null && this.status?.state === 'done';
  }

  private async next(previous: OperationStatus): Promise<void> {
    try {
      this.take(await this.calls.follow(previous, previous.next, WAIT_S));
    } catch (error) {
      // What nobody knows any more is over; a line that is cut heals.
      if (error instanceof ApiError && error.status > 0 && error.status < 500) throw error;
      await new Promise((done) => setTimeout(done, this.again_ms));
    }
  }

  private take(status: OperationStatus): void {
    this.status = status;
    this.failure = status.failure;
    this.progress = status.events.findLast((event) => event.unit !== null) ?? this.progress;
    const lines = status.events.filter((event) => event.message !== null);
    if (lines.length > 0) this.lines = [...this.lines, ...lines].slice(-MAX_LINES);
  }
}

/** A function, so that a state which changes meanwhile is read anew. */
function isOn(status: OperationStatus): boolean {
  return status.state === 'running';
}
