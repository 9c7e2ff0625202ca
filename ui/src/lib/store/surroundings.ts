/** What a store needs of the browser, so that a test can be one. */

export interface Surroundings {
  now(): number;
  /** Call back before the next frame; gives a function that takes it back. */
  frame(callback: () => void): () => void;
  visible(): boolean;
  onVisibility(callback: (visible: boolean) => void): () => void;
}

export const browser: Surroundings = {
  now: () => performance.timeOrigin + performance.now(),
  frame(callback) {
    const id = requestAnimationFrame(callback);
    return () => cancelAnimationFrame(id);
  },
  visible: () => document.visibilityState !== 'hidden',
  onVisibility(callback) {
    const changed = () => callback(document.visibilityState !== 'hidden');
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  },
};
