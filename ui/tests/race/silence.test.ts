import { describe, expect, it } from 'vitest';

import { reduce } from '../../src/lib/race/reduce';
import { SILENCE_MS, silenceOf, stoppedClock } from '../../src/lib/race/silence';
import { begin, type Race } from '../../src/lib/race/state';
import { raceElapsed } from '../../src/lib/race/times';
import { laneViews } from '../../src/lib/race/view';
import { documentOf, Log } from '../log';

const BEGAN_MS = 1_000_000;

/** A lane that reports every `pace_ms`, four times. */
function reporting(pace_ms: number): Log {
  const log = new Log().add('run_lifecycle', { phase: 'run_start' }, { stream: 'central' });
  log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
  for (let part = 1; part <= 4; part += 1) {
    log.add('progress', { done: part, total: 10, unit: 'blocks' }, { lane: 'a', round: 1, t_ms: part * pace_ms });
  }
  return log;
}

function race(log: Log, at_ms: number): Race {
  return reduce(begin(documentOf(['a'])), log.lines, BEGAN_MS + at_ms);
}

function silent(race: Race, at_ms: number): number | null {
  const lane = race.lanes.a;
  return lane === undefined ? null : (silenceOf(race, lane, BEGAN_MS + at_ms)?.for_ms ?? null);
}

describe('silence', () => {
  it('is of a lane that has reported, and does not any more', () => {
    const after = race(reporting(100), 400);
    expect(silent(after, 400 + SILENCE_MS)).toBeNull();
    expect(silent(after, 401 + SILENCE_MS)).toBe(1 + SILENCE_MS);
  });

  it('waits longer for a lane that reports seldom', () => {
    const after = race(reporting(2_000), 8_000);
    expect(silent(after, 8_000 + 6_000)).toBeNull();
    expect(silent(after, 8_000 + 6_001)).toBe(6_001);
  });

  it('expects nothing of a round that has not reported yet, but of its machine where that is sampled', () => {
    const log = new Log().add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
    expect(silent(race(log, 0), 60_000)).toBeNull();
    log.add('runtime_sample', {}, { stream: 'agent', t_ms: 500 }).add('runtime_sample', {}, { stream: 'agent', t_ms: 1_000 });
    expect(silent(race(log, 1_000), 1_000 + SILENCE_MS)).toBeNull();
    expect(silent(race(log, 1_000), 5_000)).toBe(4_000);
  });

  it('stops the clocks where it began to count, and no more once news come', () => {
    const log = reporting(100);
    const after = race(log, 400);
    expect(stoppedClock(after, BEGAN_MS + 9_000)).toBe(BEGAN_MS + 400 + SILENCE_MS);
    expect(raceElapsed(after, BEGAN_MS + 9_000)).toBe(400 + SILENCE_MS);
    const [view] = laneViews(after, BEGAN_MS + 9_000);
    expect([view?.elapsed_ms, view?.silent_ms]).toEqual([400 + SILENCE_MS, 8_600]);
    log.add('progress', { done: 5, total: 10, unit: 'blocks' }, { lane: 'a', round: 1, t_ms: 8_900 });
    expect(laneViews(race(log, 9_000), BEGAN_MS + 9_000)[0]?.silent_ms).toBeNull();
  });
});
