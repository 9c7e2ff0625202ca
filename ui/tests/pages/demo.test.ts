import { mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import Demo from '../../src/components/Demo.svelte';
import Heading from '../../src/pages/race/Heading.svelte';
import Outcome from '../../src/pages/race/Outcome.svelte';
import { session } from '../../src/lib/api/session.svelte';
import { begin } from '../../src/lib/race/state';
import type { RaceStore } from '../../src/lib/store/race.svelte';
import { eventually } from '../eventually';
import { documentOf } from '../log';

let shown: Record<string, unknown> | undefined;

afterEach(async () => {
  if (shown) await unmount(shown);
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

it('starts a demo race and opens it, or says why not', async () => {
  const calls: string[] = [];
  let answer = Response.json({ error: { category: 'busy', message: 'a demo race is already running', remedy: 'Watch it.' } }, { status: 409 });
  vi.stubGlobal('fetch', async (path: string, request: RequestInit) => (calls.push(`${request.method} ${path}`), answer));
  shown = mount(Demo, { target: document.body });
  const button = document.querySelector('button');
  expect(button?.textContent?.trim()).toBe('Try a demo race');
  button?.click();
  await eventually(() => expect(document.body.textContent).toContain('A demo race is already running'));
  answer = Response.json({ run_id: '2026-01-01_000000_abcdef', machine_ids: ['sim-h100'] }, { status: 202 });
  button?.click();
  await eventually(() => expect(location.pathname).toBe('/runs/2026-01-01_000000_abcdef'));
  expect(calls).toEqual(['POST /api/demo', 'POST /api/demo']);
});

it('is for operators', () => {
  const before = session.said;
  session.said = { asks: true, right: 'watch' } as typeof before;
  shown = mount(Demo, { target: document.body });
  expect(document.querySelector('button')?.disabled).toBe(true);
  session.said = before;
});

it.each([true, false])('labels a race as simulated: %s', (simulated) => {
  const run = documentOf(['a', 'b'], { simulated });
  const race = begin(run);
  const store = { cancel: () => Promise.resolve() } as unknown as RaceStore;
  shown = mount(Heading, { target: document.body, props: { store, run, race, now: 0 } });
  expect(document.querySelector('h1')?.textContent?.includes('Simulated')).toBe(simulated);
  const outcome = mount(Outcome, { target: document.body, props: { run, race } });
  expect(document.body.textContent?.includes('nothing was measured')).toBe(simulated);
  return unmount(outcome);
});
