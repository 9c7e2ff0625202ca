/** A run's files, asked for again while some are still on their machines. */

import { untrack } from 'svelte';

import { ApiError } from '../../lib/api/client';
import type { Artifact, RunDocument, RunFiles } from '../../lib/api/documents';
import { files as ask } from '../../lib/api/runs';
import { poll } from '../../lib/poll/poll';

const ASK_MS = 3_000;
/** Where nothing changes: the machine may be away for long. */
const SELDOM_MS = 30_000;

export interface FollowedFiles {
  /** The last answer, null where the document is newer. */
  readonly latest: RunFiles | null;
  readonly files: Artifact[];
  /** Whether a file is still to be copied. */
  readonly waiting: boolean;
}

/** Follow the files of a run while some are on their machines, or `more` wants it; call it as a component is made. */
export function followFiles(run: () => RunDocument, more: (latest: RunFiles | null) => boolean = () => false): FollowedFiles {
  let answer = $state.raw<{ of: RunDocument; files: RunFiles } | null>(null);
  // What the document says is newer where it was fetched again meanwhile.
  const latest = $derived(answer?.of === run() ? answer.files : null);
  const files = $derived(latest?.artifacts ?? run().artifacts ?? []);
  const waiting = $derived(files.some((file) => file.state === 'on_machine'));
  const wanted = $derived(waiting || more(latest));
  const runId = $derived(run().run_id);

  $effect(() => {
    if (!wanted) return;
    const id = runId;
    let every_ms = ASK_MS;
    let seen = '';
    return poll(async () => {
      const of = untrack(run);
      try {
        answer = { of, files: await ask(id) };
        const states = answer.files.artifacts.map((file) => file.state).join();
        every_ms = states === seen ? Math.min(every_ms * 2, SELDOM_MS) : ASK_MS;
        seen = states;
      } catch (error) {
        // The page says elsewhere that central is away; the next turn asks again.
        if (!(error instanceof ApiError)) throw error;
      }
    }, () => every_ms);
  });

  return {
    get latest() {
      return latest;
    },
    get files() {
      return files;
    },
    get waiting() {
      return waiting;
    },
  };
}
