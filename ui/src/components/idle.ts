/** What can wait until the browser has nothing else to do. */

/** Safari cannot say when it is idle. */
const OTHERWISE_MS = 2_000;

/** Call back once, when the browser is idle; what is returned ends the wait. */
export function whenIdle(callback: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const waiting = requestIdleCallback(callback);
    return () => cancelIdleCallback(waiting);
  }
  const waiting = setTimeout(callback, OTHERWISE_MS);
  return () => clearTimeout(waiting);
}
