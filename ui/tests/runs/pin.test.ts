import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import Pin from '../../src/pages/runs/Pin.svelte';

afterEach(() => document.body.replaceChildren());

it('a press pins, and what central refuses is said', async () => {
  const save = vi.fn<(pinned: boolean) => Promise<void>>().mockRejectedValueOnce(new Error('the disk is full')).mockResolvedValue();
  const page = mount(Pin, { target: document.body, props: { pinned: false, of: 'this run', save } });
  const button = document.querySelector('button');
  expect(button?.getAttribute('aria-label')).toBe('Pin this run');
  button?.click();
  await vi.waitFor(() => expect((flushSync(), document.querySelector('[role=alert]')?.textContent)).toContain('The disk is full.'));
  button?.click();
  await vi.waitFor(() => expect((flushSync(), document.querySelector('[role=alert]'))).toBeNull());
  expect(save.mock.calls).toEqual([[true], [true]]);
  await unmount(page);
});
