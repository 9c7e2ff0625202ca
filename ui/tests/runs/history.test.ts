import { describe, expect, it } from 'vitest';

import type { HistoryChange, LaneHistory, SeriesAnswer } from '../../src/lib/api/history';
import { HEIGHT, newestValue, othersChanged, pair, spark, tone, WIDTH, words } from '../../src/pages/runs/history';

function change(verdict: HistoryChange['verdict'], ratio = 1): HistoryChange {
  return { verdict, text: verdict, earlier: 3, ratio: { value: ratio, ci95: null, reason: null }, interval: null };
}

const lane = (label: string, values: (number | null)[], of = change('no clear change')): LaneHistory => ({ label, unit: 'tok/s', values, change: of });

describe('the picture of a history', () => {
  it('goes from the oldest to the newest value, between the lowest and the highest', () => {
    const { path, newest } = spark([50, 100, null, 75]);
    expect(path).toBe('M4.0 24.0L41.3 4.0L116.0 14.0');
    expect(newest).toEqual({ x: WIDTH - 4, y: HEIGHT / 2 });
  });

  it('draws what hardly differs as close, and marks no run without a value', () => {
    const { path } = spark([100, 101]);
    const [, one = 0, other = 0] = /M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)/.exec(path)?.map(Number) ?? [];
    expect(one - other).toBeCloseTo(2, 0);
    expect(spark([1, null]).newest).toBeNull();
    expect(spark([null]).path).toBe('');
    expect(spark([0, 0]).path).toBe('M4.0 14.0L116.0 14.0');
  });
});

describe('the words of a history', () => {
  it('are good or bad where the newest value does not fit', () => {
    expect([tone(change('slower', 0.8)), tone(change('faster', 1.2)), tone(change('lower', 1.3)), tone(change('no clear change', 0.9))]).toEqual([
      'bad', 'good', 'good', 'calm',
    ]);
  });

  it('say what the picture shows', () => {
    expect(words(lane('x', [null, 100, 98]))).toBe('2 runs, from 100 tok/s to 98 tok/s');
    expect(words(lane('x', [null]))).toBe('no value');
    expect([newestValue(lane('x', [1, null])), newestValue(lane('x', [null, 98]))]).toEqual(['', '98 tok/s']);
  });
});

it('another lane that changed is named, and the newest two runs are compared', () => {
  const slower = lane('y', [3, 2], change('slower', 0.7));
  const series = { lanes: [slower, lane('x', [1, 1]), lane('z', [1, 1])], leading: 1, run_ids: ['a', 'b', 'c'] } as unknown as SeriesAnswer;
  expect(othersChanged(series)).toEqual([slower]);
  expect(othersChanged({ ...series, leading: 0 })).toEqual([]);
  expect(pair(series)).toEqual({ a: 'b', b: 'c' });
  expect(pair({ ...series, run_ids: ['a'] })).toBeNull();
});
