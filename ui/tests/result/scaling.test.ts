import { describe, expect, it } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import { scalingCsv, scalingOf } from '../../src/lib/result/scaling';
import { documentOf } from '../log';

interface Lane {
  threads: number;
  value: number | null;
  algorithm?: string;
}

function raced(better: 'higher' | 'lower', lanes: Lane[]): RunDocument {
  const run = documentOf(lanes.map((_, index) => `l${index}`));
  return {
    ...run,
    machines: { m1: { hardware: { cpu: { usable_threads: 8 } } } },
    lanes: run.lanes.map((lane, index) => ({ ...lane, machine_id: 'm1', params: { threads: lanes[index]?.threads, algorithm: lanes[index]?.algorithm ?? 'sieve', n: 10 } })),
    result: { better, lanes: lanes.map(({ value }, index) => ({ lane_id: `l${index}`, value, ci95: value === null ? null : [value - 10, value + 10] })) },
  } as unknown as RunDocument;
}

describe('scaling over threads', () => {
  it('is against the fewest threads, which may stand anywhere', () => {
    const [group] = scalingOf(raced('higher', [{ threads: 4, value: 300 }, { threads: 1, value: 100 }]));
    expect(group?.points.map(({ threads, speedup }) => [threads, speedup])).toEqual([[1, 1], [4, 3]]);
    expect(group?.points[1]?.interval).toEqual([2.9, 3.1]);
  });

  it('turns times around, and takes 0 for all threads of the machine', () => {
    const [group] = scalingOf(raced('lower', [{ threads: 1, value: 100 }, { threads: 0, value: 20 }]));
    expect(group?.points.map(({ threads, speedup }) => [threads, speedup])).toEqual([[1, 1], [8, 5]]);
    const [low, high] = group?.points[1]?.interval ?? [0, 0];
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
  });

  it('is of lanes that differ in nothing else', () => {
    const lanes = [1, 2].flatMap((threads) => ['a', 'b'].map((algorithm) => ({ threads, algorithm, value: 100 * threads })));
    expect(scalingOf(raced('higher', lanes)).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(scalingOf(raced('higher', [{ threads: 1, algorithm: 'a', value: 1 }, { threads: 2, algorithm: 'b', value: 2 }]))).toEqual([]);
    expect(scalingOf(raced('higher', [{ threads: 1, value: 1 }, { threads: 2, value: null }]))).toEqual([]);
  });

  it('is a table as well', () => {
    const scalings = scalingOf(raced('higher', [{ threads: 1, value: 100 }, { threads: 2, value: 150 }]));
    expect(scalingCsv(scalings)).toBe('machine,what,threads,speedup,low,high,ideal\nm1,sieve,1,1,0.9,1.1,1\nm1,sieve,2,1.5,1.4,1.6,2\n');
  });
});
