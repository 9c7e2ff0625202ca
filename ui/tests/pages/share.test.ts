import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import Share from '../../src/pages/race/share/Share.svelte';
import { documentOf } from '../log';
import { eventually } from '../eventually';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>';

describe('the dialog of a result', () => {
  let shown: Record<string, unknown> | undefined;
  const asked: string[] = [];

  // It is loaded on demand, and the first time takes a while.
  beforeAll(async () => void (await import('../../src/pages/race/share/ShareDialog.svelte')));

  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal('fetch', (address: string) => {
      asked.push(address);
      return Promise.resolve(new Response(address.includes('card') ? SVG : '| Lane |', { status: 200 }));
    });
  });

  afterEach(async () => {
    if (shown) await unmount(shown);
    shown = undefined;
    document.body.replaceChildren();
    vi.unstubAllGlobals();
  });

  async function open(): Promise<HTMLDialogElement> {
    shown = mount(Share, { target: document.body, props: { run: documentOf(['a', 'b'], { state: 'done' }) } });
    flushSync();
    document.querySelector('button')?.click();
    await eventually(() => expect(document.querySelector('dialog img')).not.toBeNull());
    return document.querySelector('dialog') as HTMLDialogElement;
  }

  it('asks for nothing before it is opened', () => {
    shown = mount(Share, { target: document.body, props: { run: documentOf(['a'], { state: 'done' }) } });
    flushSync();
    expect(asked).toEqual([]);
    expect(document.querySelector('dialog')).toBeNull();
  });

  it('waits for the end of the run', () => {
    shown = mount(Share, { target: document.body, props: { run: documentOf(['a']) } });
    flushSync();
    expect(document.querySelector('button')?.disabled).toBe(true);
  });

  it('shows the card of the shape and theme that are chosen', async () => {
    const dialog = await open();
    expect(dialog.open).toBe(true);
    dialog.querySelector<HTMLInputElement>('input[value=square]')?.click();
    await eventually(() => expect(asked.some((address) => address.includes('shape=square'))).toBe(true));
    dialog.querySelector<HTMLInputElement>('input[value=dark]')?.click();
    await eventually(() => expect(asked.at(-1)).toContain('shape=square&theme=dark'));
    const svg = [...dialog.querySelectorAll('a')].find((link) => link.textContent === 'Download SVG');
    expect(svg?.getAttribute('href')).toContain('shape=square&theme=dark');
    expect(svg?.download).toMatch(/-square-dark\.svg$/);
  });

  it('offers link, Markdown and report', async () => {
    const dialog = await open();
    await eventually(() => expect(dialog.textContent).toContain('| Lane |'));
    const buttons = [...dialog.querySelectorAll('button')].map((button) => button.textContent);
    expect(buttons).toEqual(expect.arrayContaining(['Download PNG', 'Copy link', 'Copy Markdown', 'Close']));
    expect(dialog.querySelector('pre')?.textContent).toMatch(/^http.*\/runs\//);
  });

  it('is gone when it is closed', async () => {
    const dialog = await open();
    dialog.close();
    await tick();
    await eventually(() => expect(document.querySelector('dialog')).toBeNull());
  });

  it('says why there is no card', async () => {
    vi.stubGlobal('fetch', () =>
      Promise.resolve(new Response(JSON.stringify({ error: { category: 'busy', message: 'run x has not ended', remedy: 'Wait.' } }), { status: 409 })),
    );
    shown = mount(Share, { target: document.body, props: { run: documentOf(['a'], { state: 'done' }) } });
    flushSync();
    document.querySelector('button')?.click();
    await eventually(() => expect(document.querySelector('dialog')?.textContent).toContain('has not ended'));
  });
});
