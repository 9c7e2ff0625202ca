import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import Controls from '../../src/pages/replay/Controls.svelte';
import type { Player } from '../../src/pages/replay/player.svelte';

let shown: Record<string, unknown>;

afterEach(() => unmount(shown));

it('leaves the keys of a chart to the chart', () => {
  const player = { at_ms: 500, length_ms: 1_000, seek: vi.fn(), toggle: vi.fn() };
  shown = mount(Controls, { target: document.body, props: { player: player as unknown as Player } });
  flushSync();
  const press = (used: boolean) => {
    const event = new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true });
    if (used) event.preventDefault();
    document.body.dispatchEvent(event);
  };
  press(true);
  expect(player.seek).not.toHaveBeenCalled();
  press(false);
  expect(player.seek).toHaveBeenCalledOnce();
});
