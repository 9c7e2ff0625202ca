/** The list by series: one page of it, fetched anew while somebody looks. */

import { failure } from '../../lib/api/client';
import { series, type SeriesList } from '../../lib/api/history';
import type { Failure } from '../../lib/events/types';
import { poll } from '../../lib/poll/poll';

/** Central reads all runs for it. */
const AGAIN_MS = 10_000;

export class Grouping {
  page = $state.raw<SeriesList | null>(null);
  failure = $state.raw<Failure | null>(null);
  asking = $state(true);

  /** Show what a query selects; gives what ends it. */
  watch(query: URLSearchParams): () => void {
    const open = new AbortController();
    this.asking = true;
    const stop = poll(() => this.look(query, open.signal), AGAIN_MS);
    return () => {
      stop();
      open.abort();
    };
  }

  private async look(query: URLSearchParams, signal: AbortSignal): Promise<void> {
    try {
      const page = await series(query, signal);
      if (signal.aborted) return;
      if (JSON.stringify(page) !== JSON.stringify(this.page)) this.page = page;
      this.failure = null;
    } catch (error) {
      if (signal.aborted) return;
      this.failure = failure(error);
    }
    this.asking = false;
  }
}
