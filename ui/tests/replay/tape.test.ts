import { describe, expect, it } from 'vitest';

import { reduce } from '../../src/lib/race/reduce';
import { laneViews } from '../../src/lib/race/view';
import { Player } from '../../src/pages/replay/player.svelte';
import { Reader, tape, unwritten } from '../../src/pages/replay/tape';
import { documentOf, Log } from '../log';

const run = documentOf(['a', 'b'], { rounds: 1, warmup: 0 });

function twoRounds(): Log {
  return new Log()
    .add('run_lifecycle', { phase: 'run_start' }, { stream: 'central' })
    .round('a', 0, 100, 1000)
    .round('b', 0, 1200, 2000)
    .add('job_done', { metrics: {} }, { t_ms: 3300 })
    .add('run_lifecycle', { phase: 'run_end', state: 'done' }, { stream: 'central', t_ms: 3400 });
}

describe('a tape', () => {
  it('ends in the same race as the log, and knows its length', () => {
    const { lines } = twoRounds();
    const made = tape(run, lines);
    expect(made.length_ms).toBeCloseTo(3400);
    const told = new Reader(made).read(made.length_ms);
    const whole = reduce(made.first, lines, 0);
    expect({ ...told, clocks: 0, wall_ms: 0 }).toEqual({ ...whole, clocks: 0, wall_ms: 0 });
    expect(told.phase).toBe('over');
  });

  it('gives the same race at a time, whichever way it is reached', () => {
    const log = new Log();
    for (let round = 0; round < 500; round += 1) log.round('a', round, round * 10, 8);
    const made = tape({ ...run, rounds: 500 }, log.lines);
    const reader = new Reader(made);
    const forward = [10, 900, 2500, 4900].map((ms) => reader.read(ms));
    const back = [4900, 2500, 900, 10].map((ms) => reader.read(ms)).reverse();
    back.forEach((race, index) => expect(race).toEqual(forward[index]));
    expect(new Reader(made).read(2500)).toEqual(forward[2]);
  });

  it('shows a running round where it was at that time', () => {
    const made = tape(run, twoRounds().lines);
    const race = new Reader(made).read(600);
    const [view] = laneViews(race, made.from_ms + 600);
    expect(view?.running).toBe(true);
    expect(view?.elapsed_ms).toBeCloseTo(500, 3);
    expect(view?.fraction).toBeCloseTo(0.5);
  });

  it('tells nothing of the end before it comes', () => {
    const over = { ...run, winner: 'a', state: 'done' as const };
    expect(unwritten(over).winner).toBeNull();
    expect(new Reader(tape(over, twoRounds().lines)).read(0).finished).toBe(0);
  });

  it('moves a job whose machine has the wrong time to where its lines stand', () => {
    const near = new Log(1000).add('run_lifecycle', { phase: 'run_start' }, { stream: 'central' });
    const far = new Log(90_000).round('a', 0, 0, 1000);
    const made = tape(run, [...near.lines, ...far.lines]);
    expect(made.length_ms).toBeCloseTo(1000);
  });

  it('passes over what is no event, and raw stamps', () => {
    const { lines } = twoRounds();
    const made = tape(run, ['{', '{"type":"chunks","t_ns":1}', ...lines, '"x"', 'null', '{"t_ns":"1"}']);
    expect(made.lines).toHaveLength(lines.length);
    expect(tape(run, []).length_ms).toBe(0);
  });
});

describe('a player', () => {
  function stage() {
    let now = 0;
    let next: (() => void) | null = null;
    const around = {
      now: () => now,
      frame: (callback: () => void) => {
        next = callback;
        return () => (next = null);
      },
    };
    const pass = (ms: number) => {
      now += ms;
      const callback = next;
      next = null;
      callback?.();
    };
    return { player: new Player(tape(run, twoRounds().lines), around), pass, waits: () => next !== null };
  }

  it('goes on by the time that passed, as many times as fast', () => {
    const { player, pass } = stage();
    player.play();
    pass(100);
    expect(player.at_ms).toBeCloseTo(100);
    player.speed = 10;
    pass(100);
    expect(player.at_ms).toBeCloseTo(1100);
  });

  it('does not leap after the page was hidden', () => {
    const { player, pass } = stage();
    player.play();
    pass(60_000);
    expect(player.at_ms).toBeLessThanOrEqual(250);
  });

  it('stops at the end, and plays again from the beginning', () => {
    const { player, pass, waits } = stage();
    player.play();
    player.seek(player.length_ms);
    expect([player.playing, player.over, player.race.phase, waits()]).toEqual([false, true, 'over', false]);
    player.play();
    pass(16);
    expect(player.at_ms).toBeCloseTo(16);
    expect(player.race.phase).not.toBe('over');
  });

  it('keeps to the tape, and words follow when it rests', () => {
    const { player } = stage();
    player.seek(-5);
    expect(player.at_ms).toBe(0);
    player.seek(1e9);
    expect(player.at_ms).toBe(player.length_ms);
    expect(player.calm.race).toBe(player.race);
  });
});
