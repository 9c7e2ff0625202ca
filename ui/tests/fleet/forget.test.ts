import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import Machine from '../../src/pages/fleet/Machine.svelte';
import { Fleet } from '../../src/pages/fleet/fleet.svelte';
import type { FleetMachine } from '../../src/lib/api/admin';
import { eventually } from '../eventually';

const MACHINE = {
  machine_id: 'old box',
  link: null,
  label: 'Old',
  state: 'lost',
  reason: null,
  run_id: null,
  address: null,
  version: null,
  problems: [],
  connected_at: null as number | null,
  share_host: false,
  excluded: false,
  offset_ns: null,
  uncertainty_ns: null,
  backends: [],
};

let shown: Record<string, unknown> | null = null;

function show(changes: Partial<typeof MACHINE> = {}): Fleet {
  const fleet = new Fleet();
  const machine = { ...MACHINE, ...changes } as unknown as FleetMachine;
  shown = mount(Machine, { target: document.body, props: { machine, report: undefined, fleet } });
  return fleet;
}

const button = (name: string) => document.querySelector<HTMLButtonElement>(`button[aria-label="${name}"]`);

let asked: string[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', (path: string, request?: RequestInit) => {
    asked.push(`${request?.method ?? 'GET'} ${path}`);
    return Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }));
  });
});

afterEach(async () => {
  if (shown) await unmount(shown);
  vi.unstubAllGlobals();
});

it('forgets a machine that is not linked, once that was confirmed', () => {
  show();
  button('Forget Old')?.click();
  flushSync();
  expect(asked).toEqual([]);
  expect(document.body.textContent).toContain('Results measured on this machine are kept.');
  expect(document.activeElement).toBe(button('Forget machine: Old'));
  button('Forget machine: Old')?.click();
  flushSync();
  expect(asked).toEqual(['DELETE /api/machines/old%20box']);
});

it('gives the focus back to its button when it is not confirmed after all', async () => {
  show();
  button('Forget Old')?.focus();
  button('Forget Old')?.click();
  flushSync();
  [...document.querySelectorAll('button')].find((each) => each.textContent === 'Cancel')?.click();
  flushSync();
  await eventually(() => expect(document.activeElement).toBe(button('Forget Old')));
  expect(button('Forget machine: Old')).toBeNull();
  expect(asked).toEqual([]);
});

it('offers it for no machine that is linked', () => {
  show({ connected_at: 1 });
  expect(button('Forget Old')).toBeNull();
});
