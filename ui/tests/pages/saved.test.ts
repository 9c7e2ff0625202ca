import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { filterOf } from '../../src/pages/runs/query';
import Saved from '../../src/pages/runs/Saved.svelte';

describe('saved filters keep the focus', () => {
  let shown: Record<string, unknown>;

  beforeEach(() => {
    localStorage.setItem('benchrace.filters', JSON.stringify([{ name: 'One', query: 'q=one' }, { name: 'Two', query: 'q=two' }]));
    shown = mount(Saved, { target: document.body, props: { filter: filterOf(new URLSearchParams('q=three')) } });
    flushSync();
  });

  afterEach(async () => {
    await unmount(shown);
    localStorage.clear();
  });

  const button = (name: string) =>
    [...document.querySelectorAll('button')].find((each) => [each.textContent, each.ariaLabel ?? each.getAttribute('aria-label')].includes(name));
  const focused = (name: string) =>
    vi.waitFor(() => {
      const { activeElement } = document;
      expect([activeElement?.textContent, activeElement?.getAttribute('aria-label')]).toContain(name);
    });

  async function open(): Promise<HTMLInputElement> {
    button('Save this filter')?.click();
    await focused('Name of the filter');
    return document.querySelector('input')!;
  }

  it('when the field is closed', async () => {
    await open();
    button('Cancel')?.click();
    await focused('Save this filter');
    (await open()).dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    await focused('Save this filter');
  });

  it('when a filter is saved', async () => {
    const field = await open();
    field.value = 'Three';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    button('Save')?.click();
    await focused('Three');
  });

  it('when filters are deleted', async () => {
    button('Delete the filter One')?.focus();
    button('Delete the filter One')?.click();
    await focused('Delete the filter Two');
    button('Delete the filter Two')?.click();
    await focused('Save this filter');
  });
});
