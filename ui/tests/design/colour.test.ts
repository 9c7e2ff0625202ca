import { afterEach, expect, it, vi } from 'vitest';

import { chosen, colour } from '../../src/lib/theme/theme.svelte';

afterEach(() => {
  vi.restoreAllMocks();
  chosen.choose('system');
});

it('computes a colour once, and again when the theme has changed', () => {
  const style = vi.spyOn(window, 'getComputedStyle').mockImplementation(() => ({ color: document.documentElement.dataset.theme ?? '' }) as CSSStyleDeclaration);
  chosen.choose('light');
  const read = () => colour(document.body, '--lane-3');
  expect([read(), read()]).toEqual(['light', 'light']);
  expect(style).toHaveBeenCalledOnce();
  chosen.choose('dark');
  expect(read()).toBe('dark');
  expect(document.body.style.color).toBe('');
});
