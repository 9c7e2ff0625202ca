import { describe, expect, it } from 'vitest';

import { laneLabel } from '../../src/pages/race/labels';
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

describe('what a lane waits for', () => {
  const label = (state: string, progress: object | null) =>
    laneLabel({ state, ran: 0, planned: 3, progress } as unknown as LaneRace, false);
  const fetched = (done: number, total: number | null) => ({ done, total, unit: 'B fetched' });

  it('is a file, with its share and size', () => {
    expect(label('waiting', fetched(30e6, 75e6))).toBe('fetching files, 40 % of 75 MB');
    expect(label('resting', fetched(30e6, null))).toBe('fetching files, 30 MB');
  });

  it('is its turn, once the file is here', () => {
    expect(label('waiting', null)).toBe('waiting');
    expect(label('waiting', fetched(75e6, 75e6))).toBe('waiting');
    expect(label('waiting', { done: 1, total: 2, unit: 'steps' })).toBe('waiting');
  });
});
