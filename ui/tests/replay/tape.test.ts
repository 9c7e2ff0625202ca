import { afterEach, describe, expect, it, vi } from 'vitest';

import { reduce } from '../../src/lib/race/reduce';
import { laneViews } from '../../src/lib/race/view';
import { Player } from '../../src/pages/replay/player.svelte';
import { Reader } from '../../src/pages/replay/reader';
import { StoredLog } from '../../src/lib/stream/stored';
import { Tape, unwritten } from '../../src/pages/replay/tape';
import type { RunDocument } from '../../src/lib/api/documents';
import { documentOf, Log } from '../log';
import { Served } from './served';

const { signal } = new AbortController();
const run = documentOf(['a', 'b'], { rounds: 1, warmup: 0 });

/** Load lines in small blocks, of which few are kept. */
function tape(document: RunDocument, lines: readonly string[], block = 4_000, most = 20_000): Promise<Tape> {
  new Served(lines.map((line) => `${line}\n`).join(''), 10_000);
  return Tape.load(new StoredLog('run1', block, 0), document, signal, undefined, most);
}

function twoRounds(): Log {
  return new Log()
    .add('run_lifecycle', { phase: 'run_start' }, { stream: 'central' })
    .round('a', 0, 100, 1000)
    .round('b', 0, 1200, 2000)
    .add('job_done', { metrics: {} }, { t_ms: 3300 })
    .add('run_lifecycle', { phase: 'run_end', state: 'done' }, { stream: 'central', t_ms: 3400 });
}

describe('a tape', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('ends in the same race as the log, and knows its length', async () => {
    const { lines } = twoRounds();
    const made = await tape(run, lines);
    expect(made.length_ms).toBeCloseTo(3400);
    const told = await new Reader(made).to(made.length_ms, signal);
    const whole = reduce(made.first, lines, 0);
    expect({ ...told, clocks: 0, wall_ms: 0 }).toEqual({ ...whole, clocks: 0, wall_ms: 0 });
    expect([told.phase, made.broken, made.damaged]).toEqual(['over', false, 0]);
  });

  it('gives the same race at a time, whichever way it is reached, and however little is kept', async () => {
    const log = new Log();
    for (let round = 0; round < 500; round += 1) log.round('a', round, round * 10, 8);
    const whole = new Reader(await tape({ ...run, rounds: 500 }, log.lines, 1 << 30, 1 << 30));
    const made = await tape({ ...run, rounds: 500 }, log.lines);
    expect(made.ends.length).toBeGreaterThan(128);
    expect(made.snapshots.length).toBeLessThanOrEqual(64);
    const reader = new Reader(made);
    for (const ms of [10, 900, 2500, 4900, 2500, 10, 4999, 0, 3000]) {
      expect(await reader.to(ms, signal)).toEqual(await whole.to(ms, signal));
    }
  });

  it('goes on from where a search was given up', async () => {
    const log = new Log();
    for (let round = 0; round < 100; round += 1) log.round('a', round, round * 10, 8);
    const made = await tape(run, log.lines);
    const reader = new Reader(made);
    const given = new AbortController();
    const first = reader.to(900, given.signal);
    given.abort();
    await expect(first).rejects.toThrow();
    expect(await reader.to(500, signal)).toEqual(await new Reader(made).to(500, signal));
  });

  it('shows a running round where it was at that time', async () => {
    const made = await tape(run, twoRounds().lines);
    const race = await new Reader(made).to(600, signal);
    const [view] = laneViews(race, made.from_ms + 600);
    expect(view?.running).toBe(true);
    expect(view?.elapsed_ms).toBeCloseTo(500, 3);
    expect(view?.fraction).toBeCloseTo(0.5);
  });

  it('tells nothing of the end before it comes', async () => {
    const over = { ...run, winner: 'a', state: 'done' as const };
    expect(unwritten(over).winner).toBeNull();
    expect((await new Reader(await tape(over, twoRounds().lines)).to(0, signal)).finished).toBe(0);
  });

  it('moves a job whose machine has the wrong time to where its lines stand', async () => {
    const near = new Log(1000).add('run_lifecycle', { phase: 'run_start' }, { stream: 'central' });
    const far = new Log(90_000).round('a', 0, 0, 1000);
    const made = await tape(run, [...near.lines, ...far.lines]);
    expect(made.length_ms).toBeCloseTo(1000);
  });

  it('counts what is broken, and passes over what is only unknown, and raw stamps', async () => {
    const { lines } = twoRounds();
    const odd = ['{', '{"type":"chunks","t_ns":1}', '{"type":"chunks","t_n', '"x"', 'null', '{"t_ns":"1"}'];
    const made = await tape(run, [...odd, ...lines]);
    expect([made.damaged, made.length_ms]).toEqual([2, expect.closeTo(3400)]);
    expect((await tape(run, [])).length_ms).toBe(0);
  });

  it('says that a log ends before its race did', async () => {
    const over = { ...run, ended_at: 1_004 };
    expect((await tape(over, twoRounds().lines)).broken).toBe(false);
    expect((await tape(over, twoRounds().lines.slice(0, -1))).broken).toBe(true);
    expect((await tape(run, twoRounds().lines.slice(0, -1))).broken).toBe(false);
    const central = new Served(twoRounds().lines.join('\n') + '\n');
    central.torn = central.bytes.lastIndexOf(10, central.bytes.length - 2) + 9;
    expect((await Tape.load(new StoredLog('run1'), run, signal)).broken).toBe(true);
  });
});

describe('a player', () => {
  afterEach(() => void vi.unstubAllGlobals());

  async function stage(most = 1 << 20) {
    let now = 0;
    let next: (() => void) | null = null;
    const around = {
      now: () => now,
      frame: (callback: () => void) => {
        next = callback;
        return () => (next = null);
      },
    };
    const player = new Player(await tape(run, twoRounds().lines, 1_000, most), around);
    const pass = async (ms: number) => {
      now += ms;
      const callback = next;
      next = null;
      callback?.();
      await vi.waitUntil(() => !player.seeking);
    };
    return { player, pass, waits: () => next !== null };
  }

  it('goes on by the time that passed, as many times as fast', async () => {
    const { player, pass } = await stage();
    player.play();
    await pass(100);
    expect(player.at_ms).toBeCloseTo(100);
    player.speed = 10;
    await pass(100);
    expect(player.at_ms).toBeCloseTo(1100);
  });

  it('does not leap after the page was hidden', async () => {
    const { player, pass } = await stage();
    player.play();
    await pass(60_000);
    expect(player.at_ms).toBeLessThanOrEqual(250);
  });

  it('stops at the end, and plays again from the beginning', async () => {
    const { player, pass, waits } = await stage();
    player.play();
    await player.seek(player.length_ms);
    expect([player.playing, player.over, player.race.phase, waits()]).toEqual([false, true, 'over', false]);
    player.play();
    await pass(0);
    await pass(16);
    expect(player.at_ms).toBeCloseTo(16);
    expect(player.race.phase).not.toBe('over');
  });

  it('keeps to the tape, and words follow when it rests', async () => {
    const { player } = await stage();
    await player.seek(-5);
    expect(player.at_ms).toBe(0);
    await player.seek(1e9);
    expect(player.at_ms).toBe(player.length_ms);
    expect(player.calm.race).toBe(player.race);
  });

  it('shows nothing but the place that was asked for last', async () => {
    const { player } = await stage();
    const first = player.seek(player.length_ms);
    await Promise.all([first, player.seek(600)]);
    expect([player.at_ms, player.race.phase, player.seeking]).toEqual([600, 'running', false]);
    expect(player.now).toBeCloseTo(1_000_600);
  });

  it('stops, says so, and can be asked again where a part of the log does not come', async () => {
    const { player } = await stage(1_000);
    const gone = new Served('');
    gone.torn = 0;
    player.play();
    await player.seek(player.length_ms);
    expect([player.playing, player.trouble?.message]).toEqual([false, expect.stringContaining('reading the log stopped')]);
    expect(player.race.phase).not.toBe('over');
  });
});
