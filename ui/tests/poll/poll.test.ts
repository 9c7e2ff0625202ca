import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { poll } from '../../src/lib/poll/poll';

let seen: (visible: boolean) => void = () => undefined;
let visible = true;
const around = {
  visible: () => visible,
  onVisibility: (callback: (now: boolean) => void) => {
    seen = callback;
    return () => (seen = () => undefined);
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  visible = true;
});
afterEach(() => vi.useRealTimers());

it('asks again only after the answer, and not while hidden', async () => {
  let asked = 0;
  let free: () => void = () => undefined;
  const stop = poll(() => ((asked += 1), new Promise((done) => (free = done))), 100, around);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBe(1);
  free();
  await vi.advanceTimersByTimeAsync(150);
  expect(asked).toBe(2);
  visible = false;
  seen(false);
  free();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBe(2);
  visible = true;
  seen(true);
  expect(asked).toBe(3);
  stop();
  free();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toBe(3);
});
