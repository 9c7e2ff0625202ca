import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { router } from '../../src/lib/router/router.svelte';
import { begin } from '../../src/lib/race/state';
import Tabs from '../../src/pages/race/tabs/Tabs.svelte';
import { documentOf } from '../log';

describe('the parts of a finished race', () => {
  let shown: Record<string, unknown>;

  afterEach(async () => {
    await unmount(shown);
    document.body.replaceChildren();
    router.replace('/');
  });

  function show(): void {
    const run = documentOf(['a', 'b'], { state: 'done', notes: 'of mine' });
    shown = mount(Tabs, { target: document.body, props: { run, race: begin(run), facts: {} } });
    flushSync();
  }

  const tab = (name: string) => document.querySelector<HTMLElement>(`#tab-${name}`)!;
  const part = (name: string) => document.querySelector<HTMLElement>(`#part-${name}`)!;
  const shows = (name: string, text: string) => vi.waitFor(() => expect(part(name).textContent).toContain(text), { timeout: 9_000 });
  const press = (name: string, key: string) => {
    tab(name).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    flushSync();
  };

  it('are loaded when they are opened, and the address holds which is shown', async () => {
    show();
    await shows('result', 'of mine');
    expect(part('settings').textContent).toBe('');
    tab('settings').click();
    await shows('settings', 'Parameters');
    expect(router.place.query.get('tab')).toBe('settings');
    expect([part('result').hidden, part('settings').hidden]).toEqual([true, false]);
    tab('result').click();
    flushSync();
    expect([router.place.query.has('tab'), part('result').hidden]).toEqual([false, false]);
  });

  it('are chosen with the arrow keys, one tab stop for all', () => {
    show();
    press('result', 'ArrowRight');
    expect([document.activeElement?.id, tab('machines').getAttribute('aria-selected')]).toEqual(['tab-machines', 'true']);
    press('machines', 'End');
    expect(document.activeElement?.id).toBe('tab-settings');
    press('settings', 'ArrowRight');
    expect(document.activeElement?.id).toBe('tab-result');
    press('result', 'ArrowLeft');
    expect(document.activeElement?.id).toBe('tab-settings');
    expect([...document.querySelectorAll('[role=tab]')].map((each) => (each as HTMLElement).tabIndex)).toEqual([-1, -1, 0]);
  });

  it('are all printed', async () => {
    const print = new Promise((called) => vi.stubGlobal('print', called));
    show();
    // The browser's own menu prints at once what is there.
    expect(document.querySelector('.paper')?.textContent).toContain('⋯ > Print');
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'p', ctrlKey: true, cancelable: true }));
    await print;
    for (const name of ['result', 'machines', 'settings']) expect(part(name).textContent).not.toBe('');
    vi.unstubAllGlobals();
  });
});
