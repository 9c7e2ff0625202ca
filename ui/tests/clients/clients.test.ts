/** Lanes whose load several machines make: drawn as one, with what each machine did. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import { machinesOf, occupied } from '../../src/lib/race/machines';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import { command, toml } from '../../src/lib/spec/command';
import { check, fromSpec } from '../../src/lib/spec/draft';
import Clients from '../../src/pages/race/Clients.svelte';
import { machineLabel } from '../../src/pages/race/track/lane_labels';
import OtherMachines from '../../src/pages/start/OtherMachines.svelte';
import { documentOf, Log } from '../log';

const LOADS = [
  { machine_id: 'm1', rounds: 2, requests: 1200, busy: 0.31, late_ns: 400_000, saturated: 0 },
  { machine_id: 'm2', rounds: 2, requests: 1180, busy: null, late_ns: null, saturated: 1 },
];

function shared(): RunDocument {
  const run = documentOf(['a', 'b']);
  const [a, b] = run.lanes;
  if (!a || !b) throw new Error('two lanes');
  const clients = [{ machine_id: 'm2', job_id: 'job2' }];
  return { ...run, lanes: [{ ...a, clients, client_loads: LOADS }, b], machines: { m2: { label: 'Mac 2' } } as never };
}

let shown: ReturnType<typeof mount> | null = null;

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = null;
  document.body.innerHTML = '';
});

describe('machines of a lane', () => {
  it('are its own, its clients and its workers', () => {
    expect(occupied({ machine_id: 'a', clients: [{ machine_id: 'b', job_id: null }], workers: ['c'] })).toEqual(['a', 'b', 'c']);
    expect(machinesOf(shared().lanes)).toEqual(['m1', 'm2']);
  });

  it('are named in its row', () => {
    const run = shared();
    const race = begin(run);
    const label = (id: string) => machineLabel(run, race.lanes[id] as never, 2, []);
    expect([label('a'), label('b')]).toEqual(['m1 + Mac 2', 'm1']);
  });
});

it('shows no figure of one machine as that of the lane', () => {
  const measured = [{ metric: 'throughput', value: 7 }];
  const log = new Log();
  for (const lane of ['a', 'b']) {
    const verdict = { level: 'VALID', reasons: [] };
    log.add('round_start', { warmup: false, heat: 0 }, { lane, round: 1 });
    log.add('round_done', { warmup: false, heat: 0, elapsed_ns: 1, measured, verdict }, { lane, round: 1 });
  }
  const race = reduce(begin(shared()), log.lines, 1_000_000);
  expect(race.lanes.a?.measured).toEqual([]);
  expect(race.lanes.b?.measured).toEqual(measured);
});

it('lists what each machine did, with what was not measured left open', () => {
  shown = mount(Clients, { target: document.body, props: { run: shared() } });
  flushSync();
  const rows = [...document.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent?.trim()));
  expect(rows).toEqual([
    ['m1', '1,200', '31 %', '400 µs', 'yes'],
    ['Mac 2', '1,180', '–', '–', 'not in 1 round'],
  ]);
  expect(document.querySelectorAll('section')).toHaveLength(1);
});

it('keeps clients in a specification, its command and its file', () => {
  const spec = { kind: 'llm_serve', lanes: [{ machine_id: 'a', clients: ['b', 'c'] }, { machine_id: 'd' }], rounds: 5, warmup: 1 };
  expect(check(fromSpec(spec), [], null).spec).toEqual(spec);
  expect(command(spec)).toContain('--lane machine=a,clients=b+c --lane machine=d');
  expect(toml(spec)).toContain('clients = ["b", "c"]');
});

it('offers further machines as boxes, and those that are away as well', () => {
  let chosen = ['gone'];
  const machines = [{ machine_id: 'b', label: 'Bee' }];
  const props = { id: 'x', title: 'Clients', help: 'help', machines, chosen, onchange: (names: string[]) => (chosen = names) };
  shown = mount(OtherMachines, { target: document.body, props });
  flushSync();
  const [bee, gone] = document.querySelectorAll('input');
  expect([bee?.checked, gone?.checked]).toEqual([false, true]);
  bee?.click();
  expect(chosen).toEqual(['gone', 'b']);
});
