import { describe, expect, it } from 'vitest';

import type { FleetMachine, Load } from '../../src/lib/api/admin';
import type { RunRow } from '../../src/lib/api/history';
import { chosen, commonKinds, lastRun, resultLine } from '../../src/pages/fleet/cards';
import { gauges } from '../../src/pages/fleet/load';

const machine = (machine_id: string, changes: Partial<FleetMachine> = {}, kinds: string[] = []) =>
  ({ machine_id, label: machine_id, state: 'ready', condition: 'ready', address: null, backends: [{ workloads: kinds.map((kind) => ({ kind })) }], ...changes }) as unknown as FleetMachine;
const GIB = 2 ** 30;

describe('the load', () => {
  it('says what is not measured, on as many lines', () => {
    expect(gauges(undefined, 1)).toEqual([
      { name: 'CPU', text: 'not measured', share: null },
      { name: 'Memory', text: 'not measured', share: null },
      { name: 'GPU', text: 'not measured', share: null },
    ]);
  });

  it('is of the processor, the memory and each GPU', () => {
    const gpu = { index: 0, utilization_percent: 12.4, memory_used_bytes: 4 * GIB, memory_total_bytes: 24 * GIB, temperature_c: 54, power_w: null };
    const load = { cpu_percent: 99.6, memory_used_bytes: 8 * GIB, memory_total_bytes: 32 * GIB, gpus: [gpu] } as unknown as Load;
    expect(gauges(load, 2).map(({ name, text, share }) => [name, text, share])).toEqual([
      ['CPU', '100 %', 0.996],
      ['Memory', '8 GiB of 32 GiB', 0.25],
      ['GPU 0', '12 % · 4 GiB of 24 GiB · 54 °C', 0.124],
      ['GPU 1', 'not measured', null],
    ]);
  });
});

it('machines are filtered by every part of the choice, and sorted', () => {
  const fleet = [machine('m10', { state: 'busy', condition: 'busy' }, ['compute']), machine('m2', {}, ['compute', 'x']), machine('other', { state: 'lost', condition: 'offline' })];
  const names = (choice: object, loads = new Map<string, Load>()) =>
    chosen(fleet, { q: '', state: '', kind: '', sort: 'name', ...choice }, loads).map(({ label }) => label);
  expect(names({})).toEqual(['m2', 'm10', 'other']);
  expect(names({ sort: 'state' })).toEqual(['m10', 'm2', 'other']);
  expect(names({ sort: 'load' }, new Map([['other', { cpu_percent: 50 } as Load]]))[0]).toBe('other');
  expect(names({ q: 'M', kind: 'compute' })).toEqual(['m2', 'm10']);
  expect(names({ state: 'ready' })).toEqual(['m2']);
  expect(names({ state: 'offline' })).toEqual(['other']);
});

it('machines race in what all of them can do', () => {
  const [one, other] = [machine('a', {}, ['compute', 'llm_generate']), machine('b', {}, ['llm_generate'])];
  expect(commonKinds([one, other])).toEqual(['llm_generate']);
  expect(commonKinds([one, machine('c')])).toEqual([]);
});

it('the last run of a machine is the newest that it took part in, also as a client or worker', () => {
  const row = (run_id: string, ...machines: string[]) => ({ run_id, lanes: [{ machine_id: machines[0] }], machines: machines.map((machine_id) => ({ machine_id })) }) as unknown as RunRow;
  const recent = [row('3', 'b'), row('2', 'b', 'a'), row('1', 'a')];
  expect(lastRun('a', recent)?.run_id).toBe('2');
  expect(lastRun('c', recent)).toBeNull();
});

it('the result of a run is one line', () => {
  const row = (result: object | null, winner: string | null) => ({ state: 'failed', lanes: [], result, winner }) as unknown as RunRow;
  expect(resultLine(row({ headline: 'q8 wins', margin: '42 % faster', leader: 'q8', tied: [] }, 'q8'))).toBe('q8 wins, 42 % faster');
  expect(resultLine(row(null, 'q8'))).toBe('q8 wins');
  expect(resultLine(row(null, null))).toBe('failed');
});
