import { expect, it } from 'vitest';

import type { DocumentLane, MetricSummary } from '../../src/lib/api/documents';
import { differingParams, figures, leaves } from '../../src/pages/runs/figures';
import { documentOf } from '../log';

const metric = (title: string, headline: boolean): MetricSummary => ({
  title, unit: 'ms', better: 'lower', estimator: 'sample', n: 2, value: 1, mean: 1, median: 1, sd: 0, cv: 0,
  ci95: null, min: 1, max: 1, headline, formula: 'b - a', reason: null,
  stamped: false, span_s: null, low: null, high: null, unknown: null,
});

function lanes(...summaries: DocumentLane['summary'][]): DocumentLane[] {
  return documentOf(summaries.map((_, index) => `lane-${index}`)).lanes.map((lane, index) => ({ ...lane, summary: summaries[index] ?? {} }));
}

it('a metric is one row, headlines first, with a hole where a lane has none', () => {
  const rows = figures(lanes({ load: metric('Load', false) }, { rate: metric('Rate', true), load: metric('Load', false) }));
  expect(rows.map((row) => row.name)).toEqual(['rate', 'load']);
  expect(rows[0]?.values.map((value) => value !== null)).toEqual([false, true]);
});

it('only parameters that differ tell lanes apart', () => {
  const [one, other] = lanes({}, {});
  const run = { lanes: [{ ...one!, params: { n: 1, mode: 'x' } }, { ...other!, params: { n: 2, mode: 'x', extra: null } }] };
  expect([...differingParams(run)]).toEqual(['n', 'extra']);
});

it('what a machine says is flat and without what is empty', () => {
  const told = { cpu: { model: 'X', base_mhz: null, flags: ['a', 'b'] }, gpus: [{ name: 'G' }], on: false, none: [], empty: '' };
  expect(leaves(told)).toEqual([['cpu model', 'X'], ['cpu flags', 'a, b'], ['gpus 1 name', 'G'], ['on', 'no']]);
});
