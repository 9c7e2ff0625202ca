import { describe, expect, it } from 'vitest';

import type { Difference, Differing, MetricPair } from '../../src/lib/api/history';
import { byRole, certainty, fieldLabel, result } from '../../src/pages/compare/labels';

function pair(difference: Partial<Difference>, more: Partial<MetricPair> = {}): MetricPair {
  return {
    name: 'x', title: 'X', unit: 'ms', direction: 'lower', headline: false, a: null, b: null, better: null,
    change: { verdict: 'no clear change', text: 'no clear change', ratio: null, interval: null, worse: null, reason: null, more_rounds: null },
    difference: { value: 1, relative: 0.1, ci95: null, reason: null, ...difference }, ...more,
  };
}

describe('what became of a metric', () => {
  it('is said in the words of central', () => {
    const change = { verdict: 'slower', text: '27.6x slower', ratio: null, interval: null, worse: null, reason: null, more_rounds: null } as const;
    expect(result(pair({}, { better: 'a', change }))).toEqual({ text: '27.6x slower', tone: 'bad', uncompared: false });
    expect(result(pair({}))).toEqual({ text: 'No clear change', tone: 'calm', uncompared: false });
    const none = { verdict: 'not comparable', text: 'not comparable', ratio: null, interval: null, worse: null, reason: null, more_rounds: null } as const;
    expect(result(pair({}, { change: none }))).toEqual({ text: 'Not comparable', tone: 'calm', uncompared: true });
  });
});

describe('how sure a difference is', () => {
  const { change } = pair({});

  it('is an interval, or the reason for none, and what would make it clear', () => {
    expect(certainty(pair({}, { change: { ...change, interval: '-2 % to +3 %' } }))).toBe('-2 % to +3 %');
    const noisy = { ...change, reason: 'the rounds vary too much for an interval', more_rounds: 12 };
    expect(certainty(pair({}, { change: noisy }))).toBe('the rounds vary too much for an interval; 12 more rounds in each would probably decide it');
  });

  it('does not repeat the words beside it', () => {
    expect(certainty(pair({}, { change: { ...change, text: 'not measured', reason: 'not measured' } }))).toBe('');
    expect(certainty(pair({}, { direction: 'none', change: { ...change, reason: 'neither is better' } }))).toBe('');
  });
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
