import { describe, expect, it } from 'vitest';

import { emptyLane } from '../../src/lib/spec/draft';
import { fixes, objections } from '../../src/pages/start/refusal';

const FLEET = [
  { machine_id: 'm1', label: 'left' },
  { machine_id: 'm2', label: 'right' },
];
const lane = (machine = '') => ({ ...emptyLane(), machine });
const no = (path: string, machine_id?: string) => ({ path, message: 'no engine', ...(machine_id ? { machine_id } : {}) });

describe('what is wrong', () => {
  it('names the machine and the lane', () => {
    expect(objections([no('lanes[0]', 'm2')], FLEET)).toEqual([{ about: 'right, lane 1', message: 'no engine' }]);
    expect(objections([no('params', 'm2'), no('lanes[1].params.num_ctx')], FLEET)).toEqual([
      { about: 'right', message: 'no engine' },
      { about: 'Lane 2, num ctx', message: 'no engine' },
    ]);
  });

  it('is one line where several share it', () => {
    const fields = [no('lanes[0]', 'm1'), no('lanes[2]', 'm1'), no('lanes[0]', 'm2')];
    expect(objections(fields, FLEET)).toEqual([{ about: 'left and right, lanes 1 and 3', message: 'no engine' }]);
  });
});

describe('what would help', () => {
  it('is the machines that object to nothing', () => {
    const [only, skip, ...more] = fixes([no('lanes[0]', 'm2')], [lane()], FLEET);
    expect([only?.title, only?.lanes?.map((one) => one.machine)]).toEqual(['Only left', ['m1']]);
    expect([skip?.title, skip?.lanes]).toEqual(['Skip lanes that cannot start', null]);
    expect(more).toEqual([]);
  });

  it('works without lanes, and drops those of the machine that objects', () => {
    expect(fixes([no('params', 'm2')], [], FLEET)[0]?.lanes?.map((one) => one.machine)).toEqual(['m1']);
    const lanes = [lane('m1'), lane('m2')];
    expect(fixes([no('lanes[1]', 'm2')], lanes, FLEET)[0]?.lanes).toEqual([lanes[0]]);
  });

  it('is to skip a lane where its machine can run another one', () => {
    const titles = fixes([no('lanes[1]', 'm1')], [lane('m1'), lane('m1')], FLEET).map((fix) => fix.title);
    expect(titles).toEqual(['Skip lanes that cannot start']);
  });

  it('is nothing where no lane would remain, or no machine is named', () => {
    expect(fixes([no('lanes[0]', 'm1')], [lane('m1')], FLEET)).toEqual([]);
    expect(fixes([no('params', 'm1'), no('params', 'm2')], [lane()], FLEET)).toEqual([]);
    expect(fixes([no('params.n')], [lane()], FLEET)).toEqual([]);
  });
});
