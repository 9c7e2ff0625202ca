import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import type { MachineHistory } from '../../src/lib/api/admin';
import Changes from '../../src/pages/machine/Changes.svelte';

const PERIODS: MachineHistory['periods'] = [
  { since: 200, run_id: 'r2', runs: 3, changes: [{ name: 'GPU driver', before: '550.1', after: '560.2' }] },
  { since: 100, run_id: 'r1', runs: 1, changes: [] },
];

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

async function shown(history: Partial<MachineHistory>): Promise<string> {
  vi.stubGlobal('fetch', async () => Response.json({ machine_id: 'box', first: { Memory: '64 GiB' }, periods: [], complete: true, ...history }));
  const page = mount(Changes, { target: document.body, props: { machineId: 'box' } });
  await vi.waitFor(() => expect((flushSync(), document.body.textContent)).not.toContain('Loading'));
  const text = document.body.textContent.replace(/\s+/g, ' ');
  await unmount(page);
  return text;
}

it('changes come with the value before, the newest first', async () => {
  const text = await shown({ periods: PERIODS });
  expect(text).toMatch(/Since .* 3 runs, from r2 GPU driver550.1 →, now 560.2 ?Since .* First known values Memory64 GiB/);
});

it('a machine without periods has had no run only where all were read', async () => {
  expect(await shown({})).toContain('No run has started on this machine yet.');
  expect(await shown({ complete: false })).not.toContain('No run has started');
});

it('the oldest runs are not taken for the first ones', async () => {
  expect(await shown({ periods: PERIODS, complete: false })).toContain('Before that, at least since');
  expect(await shown({ periods: PERIODS.slice(1), complete: false })).toMatch(/Changes between runs ?At least since/);
});
