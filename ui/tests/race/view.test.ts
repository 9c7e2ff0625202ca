import { describe, expect, it } from 'vitest';

import { reduce } from '../../src/lib/race/reduce';
import { begin, type Race } from '../../src/lib/race/state';
import { laneViews, raceElapsed, raceRemaining } from '../../src/lib/race/view';
import { laneWords } from '../../src/pages/race/words';
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

describe('laneViews', () => {
  it('races the running lane against the ghosts of the others, each from its own start', () => {
    const [a, b, c] = laneViews(race(running(), 350), 1_000_350);
    expect(a).toMatchObject({ running: true, elapsed_ms: 50, fraction: 0.3 });
    // b took 200 ms: after 50 ms it was a quarter of the way.
    expect(a?.ghosts).toEqual([{ lane_id: 'b', label: 'lane b', at: 0.25 }]);
    expect(b).toMatchObject({ running: false, along: 0.25 });
    expect(c).toMatchObject({ fraction: 0, along: null });
  });

  it('lets a ghost wait at the finish', () => {
    const [a] = laneViews(race(running(), 350), 1_000_900);
    expect(a?.ghosts[0]?.at).toBe(1);
  });

  it('leaves a lane none of whose rounds counts at the start, and says so', () => {
    const log = new Log().round('a', 1, 0, 100, { level: 'INVALID' }).round('b', 1, 0, 100);
    const [a, b] = laneViews(race(log, 100), 1_000_100);
    expect([a?.fraction, b?.fraction]).toEqual([0, 1]);
    expect(a && laneWords({ ...a.lane, state: 'done' }, true)).toBe('ended, no round counts');
    expect(b && laneWords({ ...b.lane, state: 'done' }, true)).toBe('finished');
  });

  it('shows lanes at one place as tied', () => {
    const places = [
      { lane_id: 'a', place: 1, value: 2 },
      { lane_id: 'b', place: 1, value: 2 },
      { lane_id: 'c', place: 3, value: 1 },
    ];
    const log = running().add('standing', { metric: 'x', places }, { stream: 'central', t_ms: 350 });
    const tied = laneViews(race(log, 350), 1_000_350).map((view) => [view.place, view.tied]);
    expect(tied).toEqual([
      [1, true],
      [1, true],
      [3, false],
    ]);
  });

  it('compares amounts where the end is not known', () => {
    const log = new Log();
    for (const [lane, text] of [
      ['a', 'twelve chars'],
      ['b', 'sixsix'],
    ] as const) {
      log.add('round_start', { warmup: false, heat: null }, { lane, round: 1 });
      log.add('llm_token', { text }, { lane, round: 1, t_ms: 10 });
    }
    const views = laneViews(race(log, 10), 1_000_010);
    expect(views.map((view) => [view.open, view.fraction])).toEqual([
      [true, 1],
      [true, 0.5],
      [true, 0],
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
    const lone = (log: Log) => reduce(begin(documentOf(['a', 'b'])), log.lines, 1_000_350);
    // a: 100 ms a round, 50 ms of its last one gone; b: 200 ms, one more.
    expect(raceRemaining(lone(running()), 1_000_350)).toBe(250);
    expect(raceRemaining(race(running(), 350), 1_000_350)).toBeNull();
  });
});
