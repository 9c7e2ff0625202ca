import { describe, expect, it } from 'vitest';

import type { Failure } from '../../src/lib/api/generated/errors';
import { reduce } from '../../src/lib/race/reduce';
import { begin, type Race } from '../../src/lib/race/state';
import { raceElapsed, raceRemaining } from '../../src/lib/race/times';
import { LEAD_IN, laneViews, MAX_GHOSTS } from '../../src/lib/race/view';
import { failedAlike, laneLabel } from '../../src/pages/race/labels';
import { documentOf, Log } from '../log';

/** The viewer's clock is ahead of the log's wall clock by nothing, and no event is late. */
function race(log: Log, at_ms: number): Race {
  return reduce(begin(documentOf(['a', 'b', 'c'])), log.lines, 1_000_000 + at_ms);
}

function running(): Log {
  return new Log()
    .round('a', 1, 0, 100)
    .round('b', 1, 100, 200)
    .add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 2, t_ms: 300 })
    .add('progress', { done: 30, total: 100, unit: 'blocks' }, { lane: 'a', round: 2, t_ms: 350 });
}

/** Along a track with a warm-up, of two counted rounds. */
const along = (rounds: number) => expect.closeTo(LEAD_IN + ((1 - LEAD_IN) * rounds) / 2, 6) as number;

describe('laneViews', () => {
  it('puts each lane on a track of the whole race, the others’ last rounds beside the running one', () => {
    const [a, b, c] = laneViews(race(running(), 350), 1_000_350);
    expect(a).toMatchObject({ running: true, elapsed_ms: 50, fraction: 0.3, at: along(1.3) });
    // b took 200 ms: after 50 ms it was a quarter of the way.
    expect(a?.ghosts).toEqual([{ lane_id: 'b', label: 'lane b', at: along(1.25) }]);
    expect(b).toMatchObject({ running: false, at: along(1), ghosts: [] });
    expect(c).toMatchObject({ at: 0 });
  });

  it('has warm-ups in a part of their own', () => {
    const log = new Log().add('round_start', { warmup: true, heat: null }, { lane: 'a', round: 0 });
    log.add('progress', { done: 50, total: 100, unit: 'blocks' }, { lane: 'a', round: 0, t_ms: 10 });
    const [half] = laneViews(race(log, 10), 1_000_010);
    expect(half?.at).toBeCloseTo(LEAD_IN / 2);
    const [whole] = laneViews(race(new Log().round('a', 0, 0, 100, { warmup: true }), 100), 1_000_100);
    expect(whole?.at).toBe(LEAD_IN);
  });

  it('lets a ghost wait at the finish of the round', () => {
    const [a] = laneViews(race(running(), 350), 1_000_900);
    expect(a?.ghosts[0]?.at).toEqual(along(2));
  });

  it('has the last rounds of the best others only, in the order of the lanes', () => {
    const lanes = ['a', 'b', 'c', 'd', 'e', 'f'];
    const log = new Log();
    lanes.forEach((lane, at) => log.round(lane, 1, at * 100, 100 + at));
    // The standing ranks them in reverse; a lane that it does not rank comes last, though it was fast.
    const places = [...lanes].reverse().map((lane_id, at) => ({ lane_id, place: lane_id === 'b' ? null : at + 1, value: null }));
    log.add('standing', { metric: 'x', places }, { stream: 'central', t_ms: 700 });
    log.add('round_start', { warmup: false, heat: null }, { lane: 'f', round: 2, t_ms: 700 });
    const views = laneViews(reduce(begin(documentOf(lanes)), log.lines, 1_000_700), 1_000_750);
    expect(views.at(-1)?.ghosts.map((ghost) => ghost.lane_id)).toEqual(['c', 'd', 'e']);
    expect(MAX_GHOSTS).toBe(3);
    // The leader of the standing is the rival of all others, the next one is its own.
    expect(views.map((view) => view.split?.label)).toEqual([...Array<string>(5).fill('lane f'), undefined]);
  });

  it('says how far a lane is ahead of its rival at the same part of the round, and after it', () => {
    const [a, b] = laneViews(race(running(), 350), 1_000_350);
    // b had three tenths after 60 ms.
    expect(a?.split).toEqual({ ms: expect.closeTo(-10, 6) as number, label: 'lane b' });
    expect(b?.split).toEqual({ ms: 100, label: 'lane a' });
  });

  it('takes tokens of the most that a text may have, and time where nothing else is known', () => {
    const run = documentOf(['a', 'b']);
    for (const lane of run.lanes) lane.params = { max_tokens: 128 };
    const token = (log: Log, pieces: number, t_ms: number) => log.add('llm_token', { text: 'words', pieces }, { lane: 'a', round: 1, t_ms });
    const log = new Log().add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
    const [a] = laneViews(reduce(begin(run), token(log, 32, 10).lines, 1_000_010), 1_000_010);
    expect(a).toMatchObject({ fraction: 0.25, lane: { tokens: 32, traced: 'tokens' } });
    const lone = new Log().add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
    lone.add('llm_token', { text: 'words' }, { lane: 'a', round: 1, t_ms: 10 });
    expect(laneViews(race(lone, 10), 1_000_010)[0]).toMatchObject({ fraction: null, at: LEAD_IN });
  });

  it('leaves a lane none of whose rounds counts at the start, and says so', () => {
    const log = new Log().round('a', 1, 0, 100, { level: 'INVALID' }).round('a', 2, 100, 200, { level: 'INVALID' });
    log.round('b', 1, 300, 100).round('b', 2, 400, 100).add('job_done', { metrics: {} });
    const [a, b] = laneViews(race(log, 500), 1_000_500);
    expect(b?.at).toBe(1);
    expect(a && laneLabel({ ...a.lane, state: 'done' }, true)).toBe('ended, no counted rounds');
    expect(b && laneLabel({ ...b.lane, state: 'done' }, true)).toBe('finished');
  });

  it('says of a lane that began that it was cancelled', () => {
    const log = new Log().add('round_start', { warmup: true, heat: null }, { lane: 'a', round: 0 });
    const [a, b] = laneViews(race(log, 100), 1_000_100);
    expect(a && laneLabel({ ...a.lane, state: 'cancelled' }, true)).toBe('cancelled');
    expect(b && laneLabel({ ...b.lane, state: 'cancelled' }, true)).toBe('did not start');
  });

  it('says of a lane whose run failed that it ended: nobody cancelled it', () => {
    const [a] = laneViews(race(new Log().round('a', 1, 0, 100), 200), 1_000_200);
    const label = (state?: 'failed' | 'interrupted' | 'cancelled') => a && laneLabel({ ...a.lane, state: 'cancelled' }, true, state);
    expect([label('failed'), label('interrupted')]).toEqual(['ended after 1 of 2 rounds', 'ended after 1 of 2 rounds']);
    expect([label('cancelled'), label()]).toEqual(['cancelled after 1 of 2 rounds', 'cancelled after 1 of 2 rounds']);
  });

  it('leaves the reason of a run to the notice unless one row has it', () => {
    const failure = { category: 'interrupted', message: 'b stopped answering', remedy: 'Check b.', fields: [], detail: null } satisfies Failure;
    const alike = (phase: 'waiting' | 'over', category: 'cancelled' | 'interrupted') => {
      const run = documentOf(['a', 'b'], { failure });
      const [first] = run.lanes;
      const error = { ...failure, category };
      const read = begin(run);
      const a = read.lanes.a;
      if (!first || !a) throw new Error('two lanes');
      const lanes = phase === 'over' ? { ...read.lanes, a: { ...a, error } } : read.lanes;
      return failedAlike(phase === 'over' ? run : { ...run, lanes: [{ ...first, error }] }, { phase, lanes });
    };
    expect([alike('over', 'interrupted'), alike('waiting', 'interrupted')]).toEqual([1, 1]);
    expect([alike('over', 'cancelled'), alike('waiting', 'cancelled')]).toEqual([0, 0]);
  });

  it('says how many rounds of a lane count that lost some', () => {
    const log = new Log().round('a', 1, 0, 100).round('a', 2, 100, 200, { level: 'INVALID' });
    const [a] = laneViews(race(log, 200), 1_000_200);
    expect(a && laneLabel({ ...a.lane, state: 'done' }, true)).toBe('ended, 1 of 2 rounds counted');
  });

  it('says which lanes share a place', () => {
    const places = [
      { lane_id: 'a', place: 1, value: 2 },
      { lane_id: 'b', place: 1, value: 2 },
      { lane_id: 'c', place: 3, value: 1 },
    ];
    const log = running().add('standing', { metric: 'x', places }, { stream: 'central', t_ms: 350 });
    const shared = laneViews(race(log, 350), 1_000_350).map((view) => [view.place, view.shared]);
    expect(shared).toEqual([
      [1, true],
      [1, true],
      [3, false],
    ]);
  });
});

describe('times', () => {
  it('run from the first event, and stand still at the end', () => {
    const log = new Log().add('run_lifecycle', { phase: 'run_start' }, { stream: 'central' });
    expect(raceElapsed(race(log, 0), 1_002_500)).toBe(2500);
    log.add('run_lifecycle', { phase: 'run_end' }, { stream: 'central', t_ms: 4000 });
    expect(raceElapsed(race(log, 4000), 1_009_000)).toBe(4000);
  });

  it('estimate what is left by the rounds that ended, lanes of one machine in turn', () => {
    const of = (lanes: string[], log: Log) => raceRemaining(reduce(begin(documentOf(lanes, { warmup: 0 })), log.lines, 1_000_350), 1_000_350);
    // a: 100 ms a round, 50 ms of its last one gone; b: 200 ms, one more.
    expect(of(['a', 'b'], running())).toBe(250);
    // c, of which nothing is known, is taken for one like b: two rounds.
    expect(of(['a', 'b', 'c'], running())).toBe(650);
    expect(of(['a', 'b'], new Log())).toBeNull();
  });
});
