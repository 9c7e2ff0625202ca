/** Asking again and again, while somebody looks. */

import { browser, type Browser } from '../store/browser';

/** Call `ask` now and `every_ms` after it has ended, by then, and so on; not while the page is hidden. */
export function poll(
  ask: () => Promise<void>,
  every_ms: number | (() => number),
  around: Pick<Browser, 'visible' | 'onVisibility'> = browser,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let asking = false;

  async function turn(): Promise<void> {
    if (stopped || asking || !around.visible()) return;
    asking = true;
    try {
      await ask();
    } finally {
      asking = false;
      if (!stopped) timer = setTimeout(() => void turn(), typeof every_ms === 'number' ? every_ms : every_ms());
    }
  }

  const unwatch = around.onVisibility((visible) => {
    clearTimeout(timer);
    if (visible) void turn();
  });
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    unwatch();
  };
}
