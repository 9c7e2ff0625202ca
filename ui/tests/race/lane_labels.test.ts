import { describe, expect, it } from 'vitest';

import { machineLabel } from '../../src/pages/race/track/lane_labels';
import type { LaneRace } from '../../src/lib/race/state';
import { documentOf } from '../log';

describe('where a lane runs', () => {
  const run = documentOf(['a'], { machines: { m1: { label: 'Left' } } });
  const where = (label: string, machines = 2, beside: string[] = []) =>
    machineLabel(run, { label, machine_id: 'm1' } as LaneRace, machines, beside);

  it('is said unless it is the same for all, or in the label', () => {
    expect([where('mine'), where('mine', 1)]).toEqual(['Left', '']);
    expect([where('Left'), where('2 threads · Left'), where('Lefty')]).toEqual(['', '', 'Left']);
  });

  it('is followed by what shared its computer', () => {
    expect(where('mine', 2, ['m2'])).toBe('Left · same computer as m2');
  });
});
