import { describe, expect, it } from 'vitest';

import type { Difference, Differing, MetricPair } from '../../src/lib/api/history';
import type { MetricSummary } from '../../src/lib/api/documents';
import { dumbbell } from '../../src/pages/compare/dumbbell';
import { byRole, fieldLabel, ordered, result } from '../../src/pages/compare/labels';

function pair(difference: Partial<Difference>, more: Partial<MetricPair> = {}): MetricPair {
  return {
    name: 'x', title: 'X', unit: 'ms', direction: 'lower', headline: false, a: null, b: null, better: null,
    change: { verdict: 'no clear change', text: 'no clear change', ratio: null, interval: null },
    difference: { value: 1, relative: 0.1, ci95: null, reason: null, ...difference }, ...more,
  };
}

describe('what became of a metric', () => {
  it('is said in the words of central', () => {
    const change = { verdict: 'slower', text: '27.6x slower', ratio: null, interval: null } as const;
    expect(result(pair({}, { better: 'a', change }))).toEqual({ text: '27.6x slower', tone: 'bad', uncompared: false });
    expect(result(pair({}))).toEqual({ text: 'No clear change', tone: 'calm', uncompared: false });
    const none = { verdict: 'not comparable', text: 'not comparable', ratio: null, interval: null } as const;
    expect(result(pair({}, { change: none }))).toEqual({ text: 'Not comparable', tone: 'calm', uncompared: true });
  });

  it('is drawn from zero to the largest value or end of an interval', () => {
    const side = (value: number, ci95: [number, number] | null) => ({ value, ci95, estimator: 'sample' }) as MetricSummary;
    const two = { a: side(50, [40, 60]), b: side(150, [100, 200]) };
    expect(dumbbell(pair({}, two))).toEqual({ a: { value: 0.25, ends: [0.2, 0.3] }, b: { value: 0.75, ends: [0.5, 1] } });
    const none = { verdict: 'not comparable', text: 'not comparable', ratio: null, interval: null } as const;
    expect(dumbbell(pair({}, { ...two, change: none }))).toBeNull();
    expect(dumbbell(pair({}, { a: side(50, null), b: null }))).toBeNull();
  });
});

it('headlines come first, the rest as central lists it', () => {
  const rows = [pair({}, { name: 'a' }), pair({}, { name: 'b' }), pair({}, { name: 'c', headline: true })];
  expect(ordered(rows).map((row) => row.name)).toEqual(['c', 'a', 'b']);
});

it('fields are read as words, and parted by their role', () => {
  expect(fieldLabel('hardware.cpu.base_mhz')).toBe('hardware › cpu › base mhz');
  expect(fieldLabel('params.stream_first_k')).toBe('stream first k');
  const differing: Differing[] = [
    { field: 'params.n', a: '1', b: '2', role: 'controlled variable' },
    { field: 'agent', a: null, b: '2', role: 'confounder' },
  ];
  expect(byRole(differing)).toEqual({ controlled: [differing[0]], confounding: [differing[1]] });
});
