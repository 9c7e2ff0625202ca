import { expect, it } from 'vitest';

import type { SeriesAnswer } from '../../src/lib/api/history';
import { ownSeries } from '../../src/pages/machine/results';

it('the results of a machine are those of its own lanes', () => {
  const series = {
    newest: { lanes: [{ label: 'a', machine_id: 'left' }, { label: 'b', machine_id: 'right' }, { label: 'c', machine_id: 'left' }] },
    lanes: [{ label: 'a', values: [1, 2] }, { label: 'b', values: [3, 4] }, { label: 'c', values: [null, null] }],
  } as unknown as SeriesAnswer;
  expect(ownSeries('left', [series]).map(({ lanes }) => lanes.map(({ label }) => label))).toEqual([['a']]);
  expect(ownSeries('none', [series])).toEqual([]);
});
