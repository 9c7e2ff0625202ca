/** A result as central gives it, of the rounds of lanes, best first. */

import type { LaneResult, Result } from '../src/lib/api/documents';

export function resultOf(rounds: Record<string, number[]>, more: Partial<Result> = {}): Result {
  const higher = (more.better ?? 'higher') === 'higher';
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [first] = Object.values(rounds);
  const best = first === undefined ? 1 : mean(first);
  const lanes = Object.entries(rounds).map(([lane_id, values], index): LaneResult => {
    const value = values.length === 0 ? null : mean(values);
    return {
      lane_id,
      place: value === null ? null : index + 1,
      value,
      ci95: null,
      share: value === null ? null : higher ? value / best : best / value,
      ratio: null,
      rounds: values,
      noisy: false,
      cv: null,
      host_id: null,
    };
  });
  return {
    metric: 'rate',
    title: 'Rate',
    unit: 'tok/s',
    better: 'higher',
    lanes,
    leader: lanes[0]?.lane_id ?? '',
    runner_up: lanes[1]?.lane_id ?? null,
    winner: lanes[0]?.lane_id ?? null,
    tied: [],
    ratio: null,
    confidence: { level: 'high', reasons: [], text: 'Confidence: high.' },
    more_rounds: null,
    headline: 'lane wins',
    margin: '2.2x faster',
    interval: '95 % interval 1.6 to 3.1x',
    detail: '172 against 77 tokens per second',
    ...more,
  };
}
