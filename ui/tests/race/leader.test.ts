import { describe, expect, it } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import { gapText, leadOf, liveHead, marginText } from '../../src/lib/race/leader';
import { laneOrder } from '../../src/lib/race/order';
import { reduce } from '../../src/lib/race/reduce';
import { begin, type Race } from '../../src/lib/race/state';
import { documentOf, Log } from '../log';
import { resultOf } from '../result';

const rate = { name: 'rate', title: 'Rate', unit: 'tok/s', better: 'higher' };

function running(places: { lane_id: string; place: number | null; value: number | null; low?: number; high?: number }[], lanes = ['a', 'b']): [RunDocument, Race] {
  const run = documentOf(lanes, { rounds: 5 });
  run.workloads = { compute: { metrics: [rate] } } as unknown as RunDocument['workloads'];
  const log = new Log();
  lanes.forEach((lane, index) => log.round(lane, 1, index * 1_000, 100).round(lane, 2, index * 1_000 + 500, 100));
  log.add('standing', { metric: 'rate', places }, { stream: 'central' });
  return [run, reduce(begin(run), log.lines, 1_000_000)];
}

describe('the leader of a race that is on', () => {
  it('is the first of the standing, by how much, and how early that is', () => {
    const [run, race] = running([{ lane_id: 'b', place: 1, value: 172 }, { lane_id: 'a', place: 2, value: 89 }]);
    expect(liveHead(run, race, false)).toEqual({
      lane_id: 'b', name: 'lane b', rest: 'leads', margin: '1.9x', unit: '', interval: 'early: 2 of 5 rounds', detail: 'Rate: 172 against 89 tok/s',
    });
  });

  it('is nobody while the standing cannot tell them apart', () => {
    const [run, race] = running([{ lane_id: 'b', place: 1, value: 100 }, { lane_id: 'a', place: 1, value: 97 }]);
    expect(liveHead(run, race, false)).toMatchObject({ lane_id: null, rest: 'Too close to call', margin: '' });
  });

  it('is nobody while a lane behind others may be as good', () => {
    const places = [
      { lane_id: 'a', place: 1, value: 100, low: 99, high: 101 },
      { lane_id: 'b', place: 2, value: 90, low: 89, high: 91 },
      { lane_id: 'c', place: 2, value: 85, low: 60, high: 110 },
    ];
    const [run, race] = running(places, ['a', 'b', 'c']);
    expect(liveHead(run, race, false)).toMatchObject({ lane_id: null, rest: 'Too close to call', detail: 'lane a is ahead of lane c by 18 %: Rate: 100 against 85 tok/s' });
    const apart = running(places.map((place) => (place.lane_id === 'c' ? { ...place, low: 80, high: 90 } : place)), ['a', 'b', 'c']);
    expect(liveHead(...apart, false)).toMatchObject({ name: 'lane a', rest: 'leads', margin: '11 %' });
  });

  it('is ahead by the inverse where less is better, and by nothing of nothing', () => {
    const places = [{ lane_id: 'a', place: 1, value: 100 }, { lane_id: 'b', place: 2, value: 250 }];
    const [, race] = running(places);
    expect(leadOf(race, { better: 'lower', unit: 'ms' })?.factor).toBe(2.5);
    expect(leadOf(running([{ lane_id: 'a', place: 1, value: 1 }, { lane_id: 'b', place: 2, value: 0 }])[1], { better: 'higher', unit: '' })?.factor).toBeNull();
  });

  it('says what goes on before a round counts, and why there is no result', () => {
    const run = documentOf(['a', 'b']);
    expect(liveHead(run, begin(run), false).rest).toBe('Getting ready');
    const warming = new Log().add('round_start', { warmup: true, heat: null }, { lane: 'a', round: 0 });
    expect(liveHead(run, reduce(begin(run), warming.lines, 0), false).rest).toBe('Warming up');
    const failed = { ...run, state: 'failed' as const, winner_reason: 'no counted round' };
    expect(liveHead(failed, begin(failed), true)).toMatchObject({ rest: 'Failed', detail: 'No counted round.' });
    const fields = ['rounds', 'lanes[1]'].map((path) => ({ path, message: 'unknown model', machine_id: 'm1' }));
    const refused = { ...failed, started_at: null, failure: { category: 'validation' as const, message: 'lanes[0]: …', remedy: '', fields, detail: null } };
    expect(liveHead(refused, begin(refused), true)).toMatchObject({ rest: 'Failed', detail: 'The race could not start.' });
  });
});

describe('margins', () => {
  it('are ratios from one and a half on, and gaps from twice', () => {
    expect([1.004, 1.12, 1.499, 1.5, 27.62, 852.3].map(marginText)).toEqual(['0.4 %', '12 %', '50 %', '1.5x', '27.6x', '852x']);
    expect(gapText(52, 100, 'higher')).toBe('48 %');
    expect(gapText(38, 100, 'higher')).toBe('2.6x');
    expect(gapText(125, 100, 'lower')).toBe('20 %');
    expect([gapText(100, 100, 'higher'), gapText(null, 100, 'higher'), gapText(0, 100, 'higher')]).toEqual(['', '', '']);
  });
});

describe('the order of lanes', () => {
  it('follows the standing, and stays where that tells nothing', () => {
    const [, race] = running([{ lane_id: 'b', place: 1, value: 2 }, { lane_id: 'a', place: 1, value: 1 }, { lane_id: 'c', place: null, value: null }], ['c', 'a', 'b']);
    expect(laneOrder(race, null, ['c', 'a', 'b'])).toEqual(['a', 'b', 'c']);
    const before = ['b', 'a', 'c'];
    expect(laneOrder(race, null, before)).toBe(before);
  });

  it('is the result’s in the end, with what has none at the end', () => {
    const [, race] = running([], ['c', 'a', 'b']);
    const result = resultOf({ b: [2], a: [1] });
    expect(laneOrder(race, result, ['a', 'b', 'c'])).toEqual(['b', 'a', 'c']);
  });
});
