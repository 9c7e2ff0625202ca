import { describe, expect, it } from 'vitest';

import type { MetricSummary, RunDocument } from '../../src/lib/api/documents';
import type { Comparison, LanePair, MetricPair } from '../../src/lib/api/history';
import { dumbbell } from '../../src/pages/compare/dumbbell';
import { isMeasured, laneRows, lanesOf, metricRows, unmatched, unmeasured } from '../../src/pages/compare/rows';

const side = (value: number, ci95: [number, number] | null) => ({ value, ci95, estimator: 'sample' }) as MetricSummary;

function metric(name: string, more: Partial<MetricPair> = {}): MetricPair {
  return {
    name, title: name, unit: 'ms', direction: 'lower', headline: false, a: null, b: null, better: null,
    change: { verdict: 'no clear change', text: 'no clear change', ratio: null, interval: null, worse: null, reason: null, more_rounds: null },
    difference: { value: 1, relative: 0.1, ci95: null, reason: null }, ...more,
  };
}

const pair = (a: string, b: string, metrics: MetricPair[] = []) =>
  ({ a, b, label_a: a, label_b: b, matched_by: 'label', metrics, differing: [] }) as unknown as LanePair;
const run = (...ids: string[]) => ({ lanes: ids.map((id) => ({ lane_id: id, label: id.toUpperCase() })) }) as unknown as RunDocument;
const comparison = (lanes: LanePair[], only_a: string[], only_b: string[]): Comparison => ({ a: 'a', b: 'b', lanes, only_a, only_b });

describe('runs against one baseline', () => {
  const comparisons = [comparison([pair('x', 'p')], ['y', 'z'], []), comparison([pair('y', 'q'), pair('x', 'r')], ['z'], ['s'])];

  it('have a row for each lane of the baseline that meets another', () => {
    const rows = laneRows(comparisons, run('x', 'y', 'z'));
    expect(rows.map(({ lane, pairs }) => [lane.lane_id, ...pairs.map((one) => one?.b ?? null)])).toEqual([['x', 'p', 'r'], ['y', null, 'q']]);
  });

  it('name the lanes that meet none', () => {
    expect(unmatched(comparisons, [run('x', 'y', 'z'), run('p'), run('q', 'r', 's')])).toEqual([['Z'], [], ['S']]);
  });

  it('take part with one lane or with all', () => {
    const ids = (side: string) => lanesOf(run('x', 'y'), side).map((lane) => lane.lane_id);
    expect([ids('r'), ids('r:y'), ids('r:Y'), ids('r:z')]).toEqual([['x', 'y'], ['y'], ['y'], []]);
  });

  it('list each metric once, headlines first', () => {
    const a = side(1, null);
    const rows = metricRows([
      pair('x', 'p', [metric('n', { a }), metric('rate', { headline: true })]),
      null,
      pair('x', 'q', [metric('more'), metric('n', { a })]),
    ]);
    expect(rows.map(({ name, pairs }) => [name, ...pairs.map((one) => one !== null)])).toEqual([
      ['rate', true, false, false], ['n', true, false, true], ['more', false, false, true],
    ]);
    expect(rows[1]?.a).toBe(a);
  });

  it('name what no run has measured by its reason, apart from what one has', () => {
    const none = { value: null, ci95: null, reason: 'no meter' } as MetricSummary;
    const rows = metricRows([
      pair('x', 'p', [metric('n', { a: none, b: side(1, null) }), metric('energy', { a: none, b: none }), metric('watt', { a: none, b: none })]),
      pair('x', 'q', [metric('energy', { a: none, b: { ...none, reason: 'no root' } })]),
    ]);
    expect(rows.filter(isMeasured).map(({ name }) => name)).toEqual(['n']);
    expect(unmeasured(rows)).toEqual([{ titles: ['energy'], reason: 'no meter; no root' }, { titles: ['watt'], reason: 'no meter' }]);
  });
});

describe('a chart of a metric', () => {
  it('goes from zero to the largest value or end of an interval', () => {
    const a = side(50, [40, 60]);
    const pairs = [metric('m', { a, b: side(150, [100, 200]), better: 'a' }), null, metric('m', { a, b: side(100, null), better: 'b' })];
    expect(dumbbell({ a, pairs })).toEqual([
      { run: 0, tone: 'calm', value: 0.25, ends: [0.2, 0.3] },
      { run: 1, tone: 'bad', value: 0.75, ends: [0.5, 1] },
      { run: 3, tone: 'good', value: 0.5, ends: null },
    ]);
  });

  it('leaves out what is not comparable, and is not drawn for one value', () => {
    const change = { verdict: 'not comparable', text: 'not comparable', ratio: null, interval: null, worse: null, reason: null, more_rounds: null } as const;
    const a = side(50, null);
    const other = metric('m', { a, b: side(60, null), change });
    expect(dumbbell({ a, pairs: [other] })).toBeNull();
    expect(dumbbell({ a, pairs: [other, metric('m', { a, b: side(50, null) })] })?.map(({ run: place }) => place)).toEqual([0, 2]);
    expect(dumbbell({ a: null, pairs: [metric('m', { b: side(50, null) }), metric('m', { b: side(60, null) })] })).toBeNull();
    expect(dumbbell({ a, pairs: [metric('m', { a })] })).toBeNull();
  });
});
