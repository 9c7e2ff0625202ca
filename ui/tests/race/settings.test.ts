import { expect, it } from 'vitest';

import { differingParams, leaves } from '../../src/pages/race/settings';
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
