/** A stored log, line by line, as it comes. */

import { send } from '../../lib/api/client';

/** What a page can hold without trouble. */
export const MOST_BYTES = 256 << 20;
const RAW = '{"type":"chunks"';

export interface Loaded {
  lines: string[];
  /** False where the log is longer than a page can hold. */
  whole: boolean;
}

export async function load(runId: string, signal: AbortSignal, progress: (bytes: number) => void): Promise<Loaded> {
  const answer = await send(`/api/runs/${encodeURIComponent(runId)}/events`, {
    headers: { Accept: 'application/x-ndjson' },
    signal,
  });
  const reader = answer.body?.getReader();
  if (reader === undefined) throw new Error('central sent no log');
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let rest = '';
  let bytes = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return { lines, whole: true };
    bytes += value.length;
    rest += decoder.decode(value, { stream: true });
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (!line.startsWith(RAW)) lines.push(line);
    progress(bytes);
    if (bytes > MOST_BYTES) {
      await reader.cancel();
      return { lines, whole: false };
    }
  }
}
