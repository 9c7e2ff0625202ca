import { describe, expect, it } from 'vitest';

import type { DocumentLane, MetricSummary } from '../../src/lib/api/documents';
import type { Standing } from '../../src/lib/events/types';
import { metricRows, unmeasured, type MetricRow } from '../../src/pages/race/metrics/rows';
import { documentOf } from '../log';

const metric = (value: number | null, more: Partial<MetricSummary> = {}): MetricSummary => ({
  title: 'Rate', unit: 'x/s', better: 'higher', estimator: 'ratio', n: 3, value, mean: value, median: value, sd: 1, cv: 0.01,
  ci95: value === null ? null : [value * 0.99, value * 1.01], min: value, max: value, headline: false, formula: 'f', reason: null,
  stamped: false, span_s: null, low: null, high: null, unknown: null, parts: null, over: null, ...more,
});
const time = (value: number, more: Partial<MetricSummary> = {}) =>
  metric(value, { title: 'Elapsed', unit: 'ms', better: 'lower', estimator: 'sample', headline: true, ...more });
const counted = (value: number) => metric(value, { title: 'Primes found', unit: 'primes', estimator: 'count', ci95: null });

function lanes(...summaries: DocumentLane['summary'][]): DocumentLane[] {
  return documentOf(summaries.map((_, index) => `lane${index}`)).lanes.map((lane, index) => ({ ...lane, summary: summaries[index] ?? {} }));
}

const standing = (...places: number[]): Standing => ({
  metric: 'rate',
  places: places.map((place, index) => ({ lane_id: `lane${index}`, place, value: 1, low: null, high: null, marked: false })),
});
const texts = (row: MetricRow | undefined) => row?.cells.map((cell) => cell?.text ?? null);
const bold = (row: MetricRow | undefined) => row?.cells.map((cell) => cell?.best ?? false);
const off = (row: MetricRow | undefined) => row?.cells.map((cell) => cell?.delta && [cell.delta.text, cell.delta.tone]);

describe('the rows of metrics', () => {
  it('have the ranking one first, then headlines, and a hole where a lane has none', () => {
    const rows = metricRows(lanes({ load: metric(1), ms: time(5) }, { load: metric(2), ms: time(6), rate: metric(7) }), standing(2, 1), null);
    expect(rows.map((row) => row.name)).toEqual(['rate', 'ms', 'load']);
    expect(texts(rows[0])).toEqual([null, '7']);
  });

  it('have one unit, the best, and the difference of the others to it', () => {
    const [row] = metricRows(lanes({ rate: metric(12_600_000) }, { rate: metric(280_000_000) }, { rate: metric(278_000_000) }), null, null);
    expect([row?.unit, texts(row)]).toEqual(['Mx/s', ['12.6', '280', '278']]);
    expect(bold(row)).toEqual([false, true, false]);
    expect(off(row)).toEqual([['0.045x', 'worse'], null, ['−0.71 %', 'close']]);
  });

  it('mark all lanes that share the first place of the metric that ranks', () => {
    const [row] = metricRows(lanes({ rate: metric(100) }, { rate: metric(99) }, { rate: metric(50) }), standing(1, 1, 3), null);
    expect(bold(row)).toEqual([true, true, false]);
  });

  it('show the median of a time, the mean of one that ranks, and name it', () => {
    const both = lanes({ ms: time(415, { median: 234 }) }, { ms: time(190, { median: 190 }) });
    const [row] = metricRows(both, null, null);
    expect([row?.statistic, texts(row), row?.cells[0]?.details[0]]).toEqual(['median', ['234', '190'], ['mean', '415']]);
    const [ranked] = metricRows(both, { ...standing(2, 1), metric: 'ms' }, null);
    expect([ranked?.statistic, texts(ranked), ranked?.cells[0]?.details[0]]).toEqual(['mean', ['415', '190'], ['median', '234']]);
  });

  it('say what an interval is over where that is not the rounds, also of a single round', () => {
    const [row] = metricRows(lanes({ rate: metric(100, { n: 1, parts: 12, over: '12 recordings' }) }, { rate: metric(50) }), null, null);
    expect(row?.cells[0]?.details.map(([name]) => name)).toContain('95 % over 12 recordings');
    expect(row?.cells[1]?.details.map(([name]) => name)).toContain('95 %');
  });

  it('show all digits of a count, which is not better or worse', () => {
    const [row] = metricRows(lanes({ found: counted(50_847_534) }, { found: counted(50_847_533) }), null, null);
    expect([texts(row), row?.unit, row?.scored]).toEqual([['50,847,534', '50,847,533'], 'primes', false]);
    expect([bold(row), off(row)]).toEqual([[false, false], [null, null]]);
  });

  it('set all against the baseline, where there is one', () => {
    const [row] = metricRows(lanes({ rate: metric(100) }, { rate: metric(50) }), null, 'lane1');
    expect([bold(row), off(row)]).toEqual([[true, false], [['2.0x', 'better'], null]]);
  });

  it('stand for their twins, but not for counts that are equal by chance', () => {
    const one = { ttft: time(5, { title: 'First token' }), ttfo: time(5, { title: 'First output' }), in: counted(40), out: counted(40) };
    const rows = metricRows(lanes(one, { ...one, ttft: time(6), ttfo: time(6) }), null, null);
    expect(rows.map((row) => row.titles)).toEqual([['First token', 'First output'], ['Primes found'], ['Primes found']]);
    const apart = metricRows(lanes(one, { ...one, ttft: time(6), ttfo: time(7) }), null, null);
    expect(apart.map((row) => row.name)).toEqual(['ttft', 'ttfo', 'in', 'out']);
  });

  it('leave out what nobody measured, which is named with its reason', () => {
    const none = (title: string) => metric(null, { title, reason: 'no meter' });
    const both = lanes({ a: none('Energy'), b: none('Power'), rate: metric(1) }, { a: none('Energy') });
    expect(metricRows(both, null, null).map((row) => row.name)).toEqual(['rate']);
    expect(unmeasured(both)).toEqual([{ titles: ['Energy', 'Power'], reason: 'no meter' }]);
  });

  it('of one round have no spread', () => {
    const [row] = metricRows(lanes({ ms: time(5, { n: 1, sd: null, cv: null, ci95: null, reason: 'one round' }) }), null, null);
    expect([row?.cells[0]?.details, row?.cells[0]?.best]).toEqual([[['n', '1']], false]);
  });
});
