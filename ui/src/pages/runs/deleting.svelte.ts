/** Runs that will be deleted unless somebody says no: nothing is asked of central before. */

import { destroy } from '../../lib/api/history';
import { ApiError, failure } from '../../lib/api/client';
import type { Failure } from '../../lib/events/types';

export const PATIENCE_MS = 6_000;
const STEP_MS = 250;

export interface Pending {
  run_id: string;
  label: string;
  left_ms: number;
  /** Central has been asked. */
  going: boolean;
  failure: Failure | null;
}

/**
 * The time runs only while the offer to undo is on the screen: a page that was left, hidden or
 * closed deletes nothing.
 */
export class Deleting {
  pending = $state<Pending[]>([]);
  held = $state(false);

  private timer: ReturnType<typeof setInterval> | undefined;
  private shown = 0;

  constructor(
    private readonly ask: (runId: string) => Promise<unknown> = destroy,
    private readonly visible: () => boolean = () => document.visibilityState !== 'hidden',
  ) {}

  has(runId: string): boolean {
    return this.pending.some((deletion) => deletion.run_id === runId);
  }

  add(runId: string, label: string): void {
    if (this.has(runId)) return;
    this.pending.push({ run_id: runId, label, left_ms: PATIENCE_MS, going: false, failure: null });
    this.wind();
  }

  undo(runId: string): void {
    this.pending = this.pending.filter((deletion) => deletion.run_id !== runId || deletion.going);
    this.wind();
  }

  /** Begin to show the offer; gives what ends it. */
  show(): () => void {
    this.shown += 1;
    // Who comes back has the whole time again.
    for (const deletion of this.pending) deletion.left_ms = PATIENCE_MS;
    this.wind();
    return () => {
      this.shown -= 1;
      this.wind();
    };
  }

  async now(runId: string): Promise<void> {
    const deletion = this.pending.find((deletion) => deletion.run_id === runId);
    if (deletion === undefined || deletion.going) return;
    deletion.going = true;
    deletion.failure = null;
    try {
      await this.ask(runId);
    } catch (error) {
      // What is gone already is what was wanted.
      if (!(error instanceof ApiError && error.status === 404)) {
        deletion.failure = failure(error);
        deletion.going = false;
        return;
      }
    }
    this.pending = this.pending.filter((deletion) => deletion.run_id !== runId);
    this.wind();
  }

  private wind(): void {
    if (this.pending.length === 0) this.held = false;
    const wanted = this.shown > 0 && this.pending.length > 0;
    if (wanted && this.timer === undefined) this.timer = setInterval(() => this.step(), STEP_MS);
    if (!wanted) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private step(): void {
    if (this.held || !this.visible()) return;
    for (const deletion of this.pending) {
      if (deletion.going || deletion.failure !== null) continue;
      deletion.left_ms -= STEP_MS;
      if (deletion.left_ms <= 0) void this.now(deletion.run_id);
    }
  }
}

export const deleting = new Deleting();
