import { describe, expect, it } from 'vitest';

import type { Difference, Differing, MetricPair } from '../../src/lib/api/history';
import { byRole, fieldWords, ordered, relative, signed, verdict } from '../../src/pages/compare/words';

function pair(difference: Partial<Difference>, more: Partial<MetricPair> = {}): MetricPair {
  return {
    name: 'x', title: 'X', unit: 'ms', direction: 'lower', headline: false, a: null, b: null, better: null,
    difference: { value: 1, relative: 0.1, ci95: null, reason: null, ...difference }, ...more,
  };
}

describe('differences in words', () => {
  it('have a sign that is no hyphen, and none for nothing', () => {
    expect([relative(0.123), relative(-0.034), relative(0), relative(null)]).toEqual(['+12 %', '−3.4 %', '0 %', '']);
    expect([signed(1500, 'ms'), signed(-2e6, 'primes/s'), signed(0, 'x')]).toEqual(['+1.50 s', '−2 Mprimes/s', '0 x']);
  });

  it('name a better side only where central does', () => {
    expect(verdict(pair({ ci95: [1, 2] }, { better: 'a' })).word).toBe('A is better');
    expect(verdict(pair({ ci95: [-1, 2] })).word).toBe('cannot be told apart');
    expect(verdict(pair({ reason: 'one of the two has no interval' })).word).toBe('one of the two has no interval');
  });
});

it('headlines come first, the rest as central lists it', () => {
  const rows = [pair({}, { name: 'a' }), pair({}, { name: 'b' }), pair({}, { name: 'c', headline: true })];
  expect(ordered(rows).map((row) => row.name)).toEqual(['c', 'a', 'b']);
});

it('fields are read as words, and parted by their role', () => {
  expect(fieldWords('hardware.cpu.base_mhz')).toBe('hardware › cpu › base mhz');
  expect(fieldWords('params.stream_first_k')).toBe('stream first k');
  const differing: Differing[] = [
    { field: 'params.n', a: '1', b: '2', role: 'controlled variable' },
    { field: 'agent', a: null, b: '2', role: 'confounder' },
  ];
  expect(byRole(differing)).toEqual({ controlled: [differing[0]], confounding: [differing[1]] });
});
