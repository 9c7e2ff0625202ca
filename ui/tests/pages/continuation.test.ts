import { mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import Continuation from '../../src/pages/race/tabs/Continuation.svelte';
import { documentOf } from '../log';
import { eventually } from '../eventually';

let shown: Record<string, unknown>;

afterEach(async () => {
  await unmount(shown);
  vi.unstubAllGlobals();
});

it('a run of more rounds and the first one name each other', async () => {
  const asked: string[] = [];
  const row = { run_id: 'r2', rounds: 20, created_at: 0, state: 'done', result: { headline: 'a wins', margin: '8 % faster' } };
  vi.stubGlobal('fetch', async (path: string) => (asked.push(path), Response.json({ runs: [row], next: null })));
  const run = documentOf(['a', 'b'], { state: 'done' });
  const tied = { ...run, run_id: 'r1', spec: { ...run.spec, continues: 'r0' }, result: { more_rounds: 9 } } as unknown as typeof run;
  shown = mount(Continuation, { target: document.body, props: { run: tied } });
  await eventually(() => expect(document.body.textContent).toContain('a wins, 8 % faster'));
  expect(asked).toEqual(['/api/runs?continues=r1&limit=5']);
  const links = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href'));
  expect(links).toEqual(['/runs/r0', '/compare?a=r0&b=r1', '/runs/r2', '/compare?a=r1&b=r2']);
});

it('a result that is clear asks for none', () => {
  vi.stubGlobal('fetch', () => expect.fail('nothing is asked'));
  shown = mount(Continuation, { target: document.body, props: { run: documentOf(['a', 'b'], { state: 'done' }) } });
  expect(document.querySelectorAll('a')).toHaveLength(0);
});
