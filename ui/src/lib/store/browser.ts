/** What a store needs of the browser, so that a test can be one. */

import { frames } from './frame_scheduler';

export interface Browser {
  now(): number;
  /** Call back before the first frame after `wait_ms`; gives a function that takes it back. */
  frame(callback: () => void, wait_ms?: number): () => void;
  visible(): boolean;
  onVisibility(callback: (visible: boolean) => void): () => void;
}

export const browser: Browser = {
  now: () => performance.timeOrigin + performance.now(),
  frame(callback, wait_ms = 0) {
    let leave = () => undefined as void;
    // No frame is asked for while nothing is due: an idle page costs the machine nothing.
    const timer = setTimeout(() => (leave = frames.scheduleFirst(callback)), wait_ms);
    return () => {
      clearTimeout(timer);
      leave();
    };
  },
  visible: () => document.visibilityState !== 'hidden',
  onVisibility(callback) {
    const changed = () => callback(document.visibilityState !== 'hidden');
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  },
};
