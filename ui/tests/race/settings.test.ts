import { expect, it } from 'vitest';

import { differingParams, leaves, titlesOf } from '../../src/pages/race/settings';
import { documentOf } from '../log';

it('only parameters that differ tell lanes apart', () => {
  const [one, other] = documentOf(['a', 'b']).lanes;
  const run = { lanes: [{ ...one!, params: { n: 1, mode: 'x' } }, { ...other!, params: { n: 2, mode: 'x', extra: null } }] };
  expect([...differingParams(run)]).toEqual(['n', 'extra']);
});

it('what a machine says is flat and without what is empty', () => {
  const told = { cpu: { model: 'X', base_mhz: null, flags: ['a', 'b'] }, gpus: [{ name: 'G' }], on: false, none: [], empty: '' };
  expect(leaves(told)).toEqual([['cpu model', 'X'], ['cpu flags', 'a, b'], ['gpus 1 name', 'G'], ['on', 'no']]);
});

it('a parameter has the title and unit of its workload', () => {
  const params_schema = { properties: { num_ctx: { title: 'Context', type: 'integer', unit: 'tokens' }, n: { type: 'integer' } } };
  const run = { workloads: { e: { params_schema } } } as unknown as Parameters<typeof titlesOf>[0];
  expect([...titlesOf(run)].sort()).toEqual([['n', 'N'], ['num_ctx', 'Context, tokens']]);
});
