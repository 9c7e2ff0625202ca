import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { emptyLane } from '../../src/lib/spec/draft';
import { Setup } from '../../src/pages/start/setup.svelte';
import { COMPUTE } from '../../src/pages/table';

const WORKLOAD = {
  kind: 'compute', title: 'Primes', metrics: [], presets: {}, automatic: null, drawing: 'progress', together: false, digest: 'machines',
  params_schema: { type: 'object', properties: { algorithm: { enum: ['fast', 'slow'], type: 'string', default: 'fast' } } },
};
const KIND = { kind: 'compute', title: 'Primes', offers: [{ backend: 'c', title: '', machines: ['m1'], workload: WORKLOAD }] };
const LOOK_MS = 5_000;

function machine(id: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const backend = { name: 'c', title: 'C', reachable: true, models: [], problems: [], workloads: [{ kind: 'compute', title: 'Primes' }] };
  return { machine_id: id, label: id, state: 'ready', reason: null, missing: [], threads: 8, host_id: id, share_host: false, simulated: false, backends: [backend], ...more };
}

let machines: unknown[];
let plans: number;
let setup: Setup;

beforeEach(async () => {
  vi.useFakeTimers();
  machines = [machine('m1')];
  plans = 0;
  vi.stubGlobal('fetch', async (path: string) => {
    if (path === '/api/machines') return Response.json({ machines });
    if (path === '/api/workloads') return Response.json({ workloads: [KIND] });
    if (path.startsWith('/api/workloads/')) return Response.json(WORKLOAD);
    plans += 1;
    return Response.json({ lanes: [] });
  });
  setup = new Setup(COMPUTE, null);
  setup.open();
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  setup.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const names = () => setup.draft.lanes.map((lane) => lane.machine);

it('a machine that links a moment later races as well, until the form is changed', async () => {
  expect(setup.draft.lanes.map((lane) => lane.params)).toEqual([{ algorithm: 'fast' }, { algorithm: 'slow' }]);
  machines = [...machines, machine('m2'), machine('s1', { simulated: true })];
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(names()).toEqual(['m1', 'm2']);
  setup.draft.lanes = [{ ...emptyLane(), machine: 'm2' }];
  machines = [...machines, machine('m3')];
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(names()).toEqual(['m2']);
});

it('a reason of which only a figure changes is planned for once', async () => {
  const hot = (reason: string) => [machine('m1'), machine('m2', { state: 'lost', reason })];
  machines = hot('no message for 9.5 s');
  await vi.advanceTimersByTimeAsync(LOOK_MS + 1_000);
  const before = plans;
  expect(before).toBeGreaterThan(0);
  machines = hot('no message for 14 s');
  await vi.advanceTimersByTimeAsync(LOOK_MS + 1_000);
  expect(plans).toBe(before);
  machines = hot('its agent was stopped');
  await vi.advanceTimersByTimeAsync(LOOK_MS + 1_000);
  expect(plans).toBe(before + 1);
});
