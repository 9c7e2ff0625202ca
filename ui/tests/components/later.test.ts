import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import { whenIdle } from '../../src/components/idle';
import { eventually } from '../eventually';
import LaterHost from './LaterHost.svelte';

let host: (ReturnType<typeof mount> & { beat: () => void }) | null = null;
const given = vi.fn();
const text = () => document.querySelector('output')?.textContent;

function show(height?: string): void {
  host = mount(LaterHost, { target: document.body, props: { given, height } }) as typeof host;
  flushSync();
}

afterEach(async () => {
  if (host) await unmount(host);
  host = null;
  given.mockReset();
  vi.unstubAllGlobals();
});

it('a value that moves does not give the others anew', async () => {
  show();
  await eventually(() => expect(text()).toBe('0'));
  for (const beat of ['1', '2', '3']) {
    host?.beat();
    flushSync();
    expect(text()).toBe(beat);
  }
  expect(given).toHaveBeenCalledTimes(1);
});

it('a part with a height is loaded near the window, when the browser is idle, or to be printed', async () => {
  let near: ((entries: { isIntersecting: boolean }[]) => void) | undefined;
  let idle: (() => void) | undefined;
  let margin: string | undefined;
  const observer = class {
    constructor(seen: typeof near, options: IntersectionObserverInit) {
      near = seen;
      margin = options.rootMargin;
    }

    observe(): void {}

    disconnect(): void {}
  };
  vi.stubGlobal('IntersectionObserver', observer);
  vi.stubGlobal('requestIdleCallback', (callback: () => void) => void (idle = callback));
  vi.stubGlobal('cancelIdleCallback', () => undefined);
  const reasons = [() => near?.([{ isIntersecting: true }]), () => idle?.(), () => window.dispatchEvent(new Event('beforeprint'))];
  for (const reason of reasons) {
    if (host) await unmount(host);
    show('12rem');
    near?.([{ isIntersecting: false }]);
    flushSync();
    expect(text()).toBeUndefined();
    reason();
    await eventually(() => expect(text()).toBe('0'));
  }
  expect(margin).toBe('50%');
});

it('a browser that cannot say when it is idle loads it a little later', async () => {
  vi.stubGlobal('requestIdleCallback', undefined);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const loaded = vi.fn();
    whenIdle(vi.fn())();
    whenIdle(loaded);
    await vi.runAllTimersAsync();
    expect(loaded).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});
