import { describe, expect, it } from 'vitest';

import type { RowLane, RunRow } from '../../src/lib/api/history';
import { bars, leading, machines, outcome, value } from '../../src/pages/runs/result';

const lane = (label: string, value: number | null, share: number | null, unit = 'tok/s'): RowLane => ({
  label, machine_id: 'left', backend: 'b', metric: 'rate', value, unit, better: 'higher', share, place: null,
});

function row(changes: Partial<RunRow>): RunRow {
  return {
    run_id: 'r', series: 's', work: '', continues: null, pinned: false, state: 'done', kind: 'k', created_at: 0, started_at: null, ended_at: null, name: null, tags: [],
    rounds: 5, lanes: [lane('f16', 77.2, 0.45), lane('q8', 172, 1)], winner: 'q8', notes: null, title: 'f16 vs q8',
    result: { headline: 'q8 wins', margin: '2.2x faster', confidence: 'high', doubt: 'Confidence: high.', leader: 'q8', tied: [], ratio: 2.2 },
    machines: [{ machine_id: 'left', label: 'left', cpu: 'Intel(R) Xeon(R) Processor', gpus: [] }], simulated: false,
    ...changes,
  };
}

const tie = { headline: 'Too close to call', margin: null, confidence: 'low', doubt: 'Confidence: low.', leader: 'a', ratio: 1.1 } as const;

describe('the result of a run in the list', () => {
  it('is the winner with its margin, value and shares', () => {
    expect(outcome(row({}))).toEqual({ name: 'q8', text: 'wins', margin: '2.2x', unit: 'faster' });
    expect(value(row({}))).toBe('172 tok/s');
    expect(bars(row({}))).toEqual([{ index: 1, share: 1 }, { index: 0, share: 0.45 }]);
    expect(machines(row({}))).toBe('left · Xeon');
  });

  it('has the values of a tie, without the unit that they share', () => {
    const lanes = [lane('a', 280, 1), lane('b', 249, 0.89)];
    const tied = row({ winner: null, lanes, result: { ...tie, tied: ['a', 'b'] } });
    expect(outcome(tied)?.text).toBe('Too close to call: 280 / 249');
    const times = row({ winner: null, lanes: [lane('a', 900, 1, 'ms'), lane('b', 1690, 0.53, 'ms')], result: { ...tie, tied: ['a', 'b'] } });
    expect(outcome(times)?.text).toBe('Too close to call: 900 ms / 1.69 s');
  });

  it('of an older version is its winner', () => {
    const old = row({ result: null, machines: [], lanes: [lane('f16', 77.2, null), lane('q8', 172, null)] });
    expect(outcome(old)).toEqual({ name: 'q8', text: 'wins', margin: '', unit: '' });
    expect([bars(old), value(old), machines(old)]).toEqual([[], '172 tok/s', 'left']);
  });

  it('leaves it to a mark of its own to say that it is simulated', () => {
    const result = { headline: 'Simulated: q8 wins', margin: '2.2x faster', confidence: 'high' as const, doubt: '', leader: 'q8', tied: [], ratio: 2.2 };
    expect(outcome(row({ result, simulated: true }))).toMatchObject({ name: 'q8', text: 'wins', margin: '2.2x' });
  });

  it('is missing where nothing is ranked', () => {
    const none = row({ winner: null, result: null, lanes: [lane('f16', null, null), lane('q8', null, null)] });
    expect([outcome(none), leading(none), value(none)]).toEqual([null, null, '']);
  });
});
