import { expect, it } from 'vitest';

import type { FleetMachine, Told } from '../../src/lib/api/admin';
import { clockLabel, conditionPill, hardwareLabel, idleLabel, joinLabel, linkLabel, problemsLabel, problemsOf, reachLabel, refusalLabel, usableRoles } from '../../src/pages/fleet/labels';

it('hardware is said as far as it is known', () => {
  const told = {
    hardware: { product: null, cpu: { model: 'CPU', usable_threads: 8 }, memory: { total_bytes: 8 * 2 ** 30 }, gpus: [{ index: 0, name: null }], os: { name: 'Linux', version: null } },
  } as unknown as Told;
  expect(hardwareLabel(told)).toEqual(['CPU', '8 threads', '8 GiB', 'a GPU', 'Linux']);
  expect(hardwareLabel(undefined)).toEqual([]);
  expect(hardwareLabel({ hardware: {} } as Told)).toEqual([]);
});

it('a problem is shown once, whoever says so', () => {
  const hot = { message: 'it is hot', remedy: 'Cool it.' };
  const old = { message: 'benchrace was updated', remedy: 'Restart the agent.' };
  const report = { environment: { problems: [{ ...hot, code: 'hot' }] } } as unknown as Told;
  const machine = (...problems: { message: string; remedy: string }[]) => ({ problems: problems.map((one) => ({ ...one, detail: null })) });
  expect(problemsOf(machine(hot, old), report)).toEqual([hot, old]);
  expect(problemsOf(machine(old), undefined)).toEqual([old]);
});

it('a problem that is the reason of the state is not said again', () => {
  const [hot, old] = [{ message: 'it is hot' }, { message: 'it is old' }];
  expect(problemsLabel([hot], null)).toBe('It is hot');
  expect(problemsLabel([hot, old], null)).toBe('It is hot, and 1 more problem');
  expect(problemsLabel([hot], 'it is hot')).toBe('What to do');
  expect(problemsLabel([hot, old], 'it is old')).toBe('2 problems');
  expect(problemsLabel([hot, old], 'it is hot; it is old')).toBe('What to do');
  expect(problemsLabel([{ message: 'it is' }], 'it is hot')).toBe('It is');
  expect(problemsLabel([], null)).toBe('');
});

it('a machine has the four conditions of the API, and says beside one that it is excluded', () => {
  const pill = (condition: FleetMachine['condition'], excluded = false) => conditionPill({ condition, excluded });
  expect((['ready', 'busy', 'degraded', 'offline'] as const).map((one) => pill(one))).toEqual([
    { word: 'ready', tone: 'good' },
    { word: 'busy', tone: 'busy' },
    { word: 'degraded', tone: 'warn' },
    { word: 'offline', tone: 'bad' },
  ]);
  expect(pill('ready', true)).toEqual({ word: 'ready, excluded', tone: 'warn' });
  expect(pill('offline', true)).toEqual({ word: 'offline, excluded', tone: 'bad' });
});

it('a clock that was not measured is not said to be exact', () => {
  expect(clockLabel({ uncertainty_ns: null } as FleetMachine)).toBe('not measured yet');
  expect(clockLabel({ uncertainty_ns: 716_000 } as FleetMachine)).toBe('accurate to ±716 µs');
});

it('a link says how it is protected, and when that ends', () => {
  const label = (link: FleetMachine['link'], address = '10.0.0.7') => linkLabel({ link, address }, 0);
  const open = (local: boolean) => ({ tls: false, local, certificate_expires_at: null });
  const until = (days: number) => label({ tls: true, local: false, certificate_expires_at: days * 86_400 });
  expect(label(null)).toBeNull();
  expect(label(open(false))).toEqual({ text: 'not encrypted', warn: true });
  expect(label(open(true), '127.0.0.1')).toEqual({ text: 'not encrypted, on this computer', warn: false });
  expect(label(open(false), '127.0.0.1')?.text).toContain('through a proxy');
  expect(label({ ...open(false), tls: true })).toEqual({ text: 'TLS, without a client certificate', warn: false });
  expect(until(300)?.text).toMatch(/^TLS, client certificate valid until .*1970/);
  expect([until(300), until(20), until(-1)].map((one) => one?.warn)).toEqual([false, true, true]);
  expect(until(-1)?.text).toContain('expired on');
});

it('a backend that was not asked is neither reachable nor not', () => {
  const word = (reachable: boolean | null) => reachLabel({ reachable } as never, true).word;
  expect(reachLabel({ reachable: true } as never, false).word).toBe('last known');
  expect([null, true, false].map(word)).toEqual(['not checked yet', 'responding', 'not responding']);
});

it('an engine that idles tells when it is stopped', () => {
  const words = (stops_at: number | null) => idleLabel({ stops_at } as never, 1000);
  expect([null, 1240, 1004, 900].map(words)).toEqual([
    '',
    'stops in 4 minutes unless used',
    'idle, stopping',
    'idle, stopping',
  ]);
});

it('a refused service call says what to do', () => {
  expect(refusalLabel(401)).toContain('SERVICE_CONTROL_TOKEN');
  expect(refusalLabel(403)).toBeNull();
});

it('an agent that runs here need not be of this central', () => {
  const machines = [{ machine_id: 'a', condition: 'ready' }, { machine_id: 'b', condition: 'offline' }] as FleetMachine[];
  expect(['a', 'b', 'c'].map((each) => joinLabel(each, machines))).toEqual([
    'joined this central',
    'joined this central, now offline',
    'has not joined this central',
  ]);
});

it('only tokens that central accepts are offered', () => {
  expect(usableRoles({ asks: false, watch: 'anyone' as never })).toEqual(['agent']);
  expect(usableRoles({ asks: true, watch: 'token' as never })).toContain('watcher');
});
