/** A stored log, line by line, as it comes. */

import { send } from '../../lib/api/client';

/** What a page can hold without trouble. */
export const MOST_BYTES = 256 << 20;
/** So much is read at once, with a breath after it: a page that loads still answers. */
const PIECE = 1 << 17;
const RAW = '{"type":"chunks"';

/** Give whole lines to `take`; false where the log is longer than a page can hold. */
export async function load(
  runId: string,
  signal: AbortSignal,
  take: (lines: string[], bytes: number) => void,
): Promise<boolean> {
  const answer = await send(`/api/runs/${encodeURIComponent(runId)}/events`, {
    headers: { Accept: 'application/x-ndjson' },
    signal,
  });
  const reader = answer.body?.getReader();
  if (reader === undefined) throw new Error('central sent no log');
  const decoder = new TextDecoder();
  let rest = '';
  let bytes = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    for (let from = 0; from < value.length; from += PIECE) {
      const piece = value.subarray(from, from + PIECE);
      bytes += piece.length;
      rest += decoder.decode(piece, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      take(lines.filter((line) => !line.startsWith(RAW)), bytes);
      await breath();
    }
    if (bytes > MOST_BYTES) {
      await reader.cancel();
      return false;
    }
  }
}

/** Let the browser draw and answer; a message is not held back as a timer is. */
function breath(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}
