/** The list as it is shown: one page of it, fetched anew while somebody looks. */

import * as history from '../../lib/api/history';
import { ApiError, failure } from '../../lib/api/client';
import type { Changes, Choices, RunPage, RunRow } from '../../lib/api/history';
import type { Failure } from '../../lib/events/types';
import { poll } from '../../lib/poll/poll';
import { apiQuery, type Filter } from './query';

const AGAIN_MS = 4_000;
const NONE: Choices = { states: [], kinds: [], tags: [], machines: [] };

export class Listing {
  page = $state.raw<RunPage | null>(null);
  choices = $state.raw<Choices>(NONE);
  failure = $state.raw<Failure | null>(null);
  unreachable = $state(false);
  /** True from a new question until its answer. */
  asking = $state(true);

  private requested = '';
  private open: AbortController | null = null;
  private again: () => Promise<void> = async () => undefined;
  private holds = 0;

  /** Show what a filter leaves; gives what ends it. `brief` has the choices read alone. */
  watch(filter: Filter, brief = false): () => void {
    const query = apiQuery(filter);
    this.requested = query.toString();
    this.asking = true;
    this.again = () => this.look(query, brief);
    const stop = poll(this.again, AGAIN_MS);
    return () => {
      stop();
      this.again = async () => undefined;
      this.open?.abort();
    };
  }

  async change(runId: string, changes: Changes): Promise<void> {
    const run = await history.change(runId, changes);
    const { name, tags, notes, pinned } = run;
    this.replace(runId, (row) => ({ ...row, name, tags, notes, pinned }));
    // What was asked before the change may not have it.
    void this.again();
  }

  /** Keep every row where it is, while somebody acts on one; gives what ends it. */
  hold(): () => void {
    this.holds += 1;
    return () => {
      this.holds -= 1;
      if (this.holds === 0) void this.again();
    };
  }

  private replace(runId: string, by: (row: RunRow) => RunRow): void {
    if (this.page === null) return;
    const runs = this.page.runs.map((row) => (row.run_id === runId ? by(row) : row));
    this.page = { ...this.page, runs };
  }

  private async look(query: URLSearchParams, brief: boolean): Promise<void> {
    this.open?.abort();
    const open = new AbortController();
    this.open = open;
    try {
      const [page, choices] = await Promise.all([
        brief ? null : history.list(query, open.signal),
        history.choices(open.signal),
      ]);
      if (open.signal.aborted || query.toString() !== this.requested) return;
      this.take(page, choices);
    } catch (error) {
      if (open.signal.aborted) return;
      this.unreachable = error instanceof ApiError && (error.status === 0 || error.status >= 500);
      this.failure = failure(error);
    }
    this.asking = false;
  }

  private take(page: RunPage | null, choices: Choices): void {
    // An answer like the one before draws nothing anew.
    if (this.holds === 0 && JSON.stringify(page) !== JSON.stringify(this.page)) this.page = page;
    this.choices = choices;
    this.failure = null;
    this.unreachable = false;
  }
}
