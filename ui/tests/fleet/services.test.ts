import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import Services from '../../src/pages/fleet/Services.svelte';
import { eventually } from '../eventually';

let shown: object | null = null;

function open(answer: () => Response): void {
  vi.stubGlobal('fetch', async () => answer());
  shown = mount(Services, { target: document.body, props: { machines: [] } });
  flushSync();
}

const failed = (status: number, message: string) => Response.json({ error: { category: 'system', message, remedy: 'Wait.' } }, { status });
const title = () => document.querySelector('h2')?.textContent ?? null;

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

it('the panel is absent where central manages no services', async () => {
  const answer = vi.fn(() => new Response('404', { status: 404 }));
  open(answer);
  expect(title()).toBeNull();
  await eventually(() => expect(answer).toHaveBeenCalled());
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  flushSync();
  expect(document.body.textContent?.trim()).toBe('');
});

it('any other failure stays in the panel, with what to do', async () => {
  open(() => failed(500, 'no service can be listed'));
  expect(title()).toBeNull();
  await eventually(() => expect(document.querySelector('.notice')?.textContent).toContain('Wait.'));
  expect(title()).toBe('Services');
});
