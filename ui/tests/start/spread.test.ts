import { expect, it } from 'vitest';

import type { Plan } from '../../src/lib/api/documents';
import { emptyLane } from '../../src/lib/spec/draft';
import { machinesOf, spread } from '../../src/pages/start/spread';

const able = (['ready', 'busy', 'lost'] as const).map((state, index) => ({ machine_id: `m${index}`, label: `Box ${index}`, state }));
const plan = { lanes: [{ spec_index: 0, machine_id: 'm1' }, { spec_index: 1, machine_id: 'm0' }] } as unknown as Plan;

it('a row without a machine runs where it is planned, or else on all machines that are connected', () => {
  const ids = (machine: string, index: number, of: Plan | null) => machinesOf({ ...emptyLane(), machine }, index, of, able).map(({ machine_id }) => machine_id);
  expect(ids('', 0, plan)).toEqual(['m1']);
  expect(ids('', 0, null)).toEqual(['m0', 'm1']);
  expect(ids('m0', 0, plan)).toEqual([]);
});

it('becomes a row for each machine, which can be changed alone', () => {
  const rows = spread({ ...emptyLane(), label: 'mine', params: { n: '5' } }, able.slice(0, 2));
  expect(rows.map(({ machine, label }) => [machine, label])).toEqual([['m0', 'mine · Box 0'], ['m1', 'mine · Box 1']]);
  rows[0]!.params.n = '6';
  expect(rows[1]!.params.n).toBe('5');
  expect(spread(emptyLane(), able.slice(0, 1))[0]?.label).toBe('');
});
