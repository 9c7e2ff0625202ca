import { describe, expect, it } from 'vitest';

import { TEXT_WINDOW } from '../../src/lib/race/lane';
import { MAX_SAMPLES, reduce } from '../../src/lib/race/reduce';
import { begin, type LaneRace, type Race } from '../../src/lib/race/state';
import { documentOf, Log } from '../log';

const AT_MS = 1_000_000;

function lane(race: Race, id: string): LaneRace {
  const found = race.lanes[id];
  if (found === undefined) throw new Error(`no lane ${id}`);
  return found;
}

function run(log: Log, lanes = ['a', 'b']): Race {
  return reduce(begin(documentOf(lanes)), log.lines, AT_MS);
}

describe('reduce', () => {
  it('follows a lane from its warm-up to its end', () => {
    const log = new Log().round('a', 0, 0, 100, { warmup: true });
    expect(lane(run(log), 'a').state).toBe('resting');
    log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1, t_ms: 200 });
    expect(lane(run(log), 'a')).toMatchObject({ state: 'running', round: 1, started_ns: 200e6 });
    const whole = new Log().round('a', 0, 0, 100, { warmup: true }).round('a', 1, 200, 90).round('a', 2, 400, 80);
    const done = lane(run(whole), 'a');
    expect(done).toMatchObject({ state: 'done', counted: 2, finish: 1, started_ns: null });
    expect(done.rounds.map((round) => round.warmup)).toEqual([true, false, false]);
    expect(done.ghost).toMatchObject({ round: 2, elapsed_ns: 80e6, total: 100 });
  });

  it('gives the same race for a log in one piece and line by line', () => {
    const log = new Log().round('a', 0, 0, 100, { warmup: true }).round('b', 0, 100, 50, { warmup: true });
    let race = begin(documentOf(['a', 'b']));
    for (const line of log.lines) race = reduce(race, [line], AT_MS);
    expect(race).toEqual(run(log));
  });

  it('keeps apart how much of a prompt is read, and starts anew with each round', () => {
    const log = new Log();
    log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1, t_ms: 0 });
    log.add('progress', { done: 512, total: 2048, unit: 'prompt tokens' }, { lane: 'a', round: 1, t_ms: 100 });
    log.add('llm_token', { text: 'words' }, { lane: 'a', round: 1, t_ms: 200 });
    const reading = lane(run(log), 'a');
    expect(reading.prefill).toEqual({ done: 512, total: 2048, unit: 'prompt tokens' });
    expect([reading.progress, reading.traced, reading.trace.points.at(-1)?.done]).toEqual([null, 'characters', 5]);
    log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 2, t_ms: 300 });
    expect(lane(run(log), 'a').prefill).toBeNull();
  });

  it('keeps what the last round measured, and the facts of its record', () => {
    const log = new Log().round('a', 1, 0, 100);
    const done = { warmup: false, heat: null, elapsed_ns: 1e8, verdict: { level: 'VALID', reasons: [] } };
    const record = { engine: { name: 'An engine' }, cache: 'cold-load' };
    const measured = [{ metric: 'ttft_ms', value: 4 }];
    log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 2, t_ms: 200 });
    log.add('round_done', { ...done, measured, record }, { lane: 'a', round: 2, t_ms: 300 });
    expect(lane(run(log), 'a')).toMatchObject({ measured, facts: { engine: 'An engine', cache: 'cold-load', proof: 'none' } });
  });

  it('leaves the race it is given as it is', () => {
    const log = new Log().round('a', 0, 0, 100);
    const before = begin(documentOf(['a', 'b']));
    const copy = structuredClone(before);
    const after = reduce(before, log.lines, AT_MS);
    expect(before).toEqual(copy);
    expect(after.lanes.b).toBe(before.lanes.b);
    expect(after.lanes.a).not.toBe(before.lanes.a);
  });

  it('counts duplicates once', () => {
    const log = new Log().round('a', 0, 0, 100);
    const once = run(log);
    expect(reduce(once, log.lines, AT_MS)).toEqual(once);
    expect(once.events).toBe(log.lines.length);
  });

  it('passes over what it does not know and cannot read', () => {
    const log = new Log().add('invented', { x: 1 }, { lane: 'a' });
    const race = reduce(run(log), ['', 'nonsense', '{"type":"progress"}', 'null', '[]'], AT_MS);
    expect(race.events).toBe(0);
    expect(lane(race, 'a').state).toBe('waiting');
  });

  it('does not let an INVALID round count or become a ghost', () => {
    const race = run(new Log().round('a', 1, 0, 100, { level: 'INVALID' }).round('a', 2, 200, 100, { level: 'SUSPECT' }));
    expect(lane(race, 'a')).toMatchObject({ counted: 1, state: 'done', ghost: { round: 2 } });
    expect(lane(race, 'a').rounds.map((round) => round.level)).toEqual(['INVALID', 'SUSPECT']);
  });

  it('takes no events of another attempt', () => {
    const race = run(new Log().round('a', 1, 0, 100, { at: { job: 'job0' } }));
    expect(lane(race, 'a').rounds).toEqual([]);
  });

  it('keeps a window of what a lane says, its last part', () => {
    const log = new Log().add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
    for (let line = 0; line < 3000; line += 1) log.add('compute_line', { line: `line ${line}` }, { lane: 'a', round: 1 });
    const said = lane(run(log), 'a');
    expect(said.text.length).toBeLessThanOrEqual(TEXT_WINDOW);
    expect(said.text.endsWith('line 2999\n')).toBe(true);
    expect(said.text.startsWith('line ')).toBe(true);
    expect(said.dropped + said.text.split('\n').length - 1).toBe(3000);
    expect(said.characters).toBeGreaterThan(TEXT_WINDOW);
  });

  it('keeps what a model thinks apart from what it answers, and when the first of it came', () => {
    const at = { lane: 'a', round: 1 };
    const log = new Log().add('round_start', { warmup: false, heat: null }, { ...at, t_ms: 100 });
    log.add('llm_token', { text: 'hm, ', reasoning: true }, { ...at, t_ms: 350 });
    log.add('llm_token', { text: 'so' , reasoning: true }, { ...at, t_ms: 360 });
    log.add('llm_token', { text: 'Yes.' }, { ...at, t_ms: 400 });
    const said = lane(run(log), 'a');
    expect(said).toMatchObject({ text: 'Yes.', characters: 4, first_ns: 350e6 });
    expect(said.thought).toMatchObject({ text: 'hm, so', characters: 6 });
    expect(said.trace.points.at(-1)?.done).toBe(10);
    log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 2, t_ms: 500 });
    expect(lane(run(log), 'a')).toMatchObject({ text: '', first_ns: null, thought: { text: '' } });
  });

  it('counts the pieces that text was joined from, and how long a lane waits for news', () => {
    const at = { lane: 'a', round: 1 };
    const log = new Log().add('round_start', { warmup: false, heat: null }, { ...at, t_ms: 0 });
    log.add('llm_token', { text: 'hm ', reasoning: true, pieces: 2 }, { ...at, t_ms: 5_000 });
    log.add('llm_token', { text: 'yes', pieces: 3 }, { ...at, t_ms: 5_100 });
    expect(lane(run(log), 'a')).toMatchObject({ tokens: 5, traced: 'tokens', news: 2, news_ns: 5_100e6, pace_ns: 0 });
    log.add('llm_token', { text: '.', pieces: 1 }, { ...at, t_ms: 5_400 });
    expect(lane(run(log), 'a')).toMatchObject({ tokens: 6, news: 3, pace_ns: 300e6 });
    expect(lane(run(log), 'a').trace.points.at(-1)).toEqual({ ms: 5_400, done: 6 });
    log.add('round_start', { warmup: false, heat: null }, { ...at, round: 2, t_ms: 6_000 });
    expect(lane(run(log), 'a')).toMatchObject({ tokens: null, news: 0, pace_ns: 300e6 });
  });

  it('ends every lane of a job that fails, and leaves finished ones', () => {
    const log = new Log().round('a', 1, 0, 10).round('a', 2, 20, 10);
    log.add('job_error', { category: 'worker_died', message: 'it died', remedy: 'look' }, { stream: 'agent' });
    const race = run(log);
    expect(lane(race, 'a').state).toBe('done');
    expect(lane(race, 'b')).toMatchObject({ state: 'failed', error: { message: 'it died' } });
  });

  it('knows start, end, standing and staggered heats', () => {
    const central = { stream: 'central' };
    const log = new Log()
      .add('run_lifecycle', { phase: 'run_start' }, central)
      .add('run_lifecycle', { phase: 'heat_start', heat: 0, staggered: true }, central)
      .add('standing', { metric: 'x', places: [{ lane_id: 'a', place: 1, value: 2 }] }, central)
      .add('run_lifecycle', { phase: 'run_end', state: 'cancelled', reason: 'enough' }, { ...central, t_ms: 5000 });
    const race = run(log);
    expect(race).toMatchObject({ phase: 'over', heat: 0, staggered: true, end_reason: 'enough' });
    expect((race.ended_s ?? 0) - (race.started_s ?? 0)).toBe(5);
    expect(race.standing?.places).toHaveLength(1);
    expect(lane(race, 'a').state).toBe('cancelled');
  });

  it('goes on with a lane whose lines came after the end of its run', () => {
    const central = { stream: 'central' };
    const log = new Log().round('a', 1, 0, 10);
    log.add('run_lifecycle', { phase: 'run_end', state: 'interrupted', reason: 'away' }, { ...central, t_ms: 5000 });
    expect(lane(run(log), 'a').state).toBe('cancelled');
    log.round('a', 2, 20, 10).add('job_done', { metrics: {} });
    log.add('run_lifecycle', { phase: 'run_end', state: 'done' }, { ...central, t_ms: 60_000 });
    const race = run(log);
    expect(lane(race, 'a').state).toBe('done');
    expect(race).toMatchObject({ phase: 'over', end_reason: null });
    expect((race.ended_s ?? 0) - (race.started_s ?? 0)).toBe(5);
  });

  it('keeps so many samples of a machine and no more', () => {
    const log = new Log();
    for (let taken = 0; taken < MAX_SAMPLES + 50; taken += 1) {
      log.add('runtime_sample', { cpu_percent: taken }, { stream: 'agent', t_ms: taken * 500 });
    }
    const samples = run(log).samples.m1 ?? [];
    expect(samples).toHaveLength(MAX_SAMPLES);
    expect(samples.at(-1)?.cpu_percent).toBe(MAX_SAMPLES + 49);
  });

  it('takes the least delay as the nearest to none', () => {
    const log = new Log().add('log', { level: 'info', message: 'x', source: 'y' }, { t_ms: 100 });
    let race = reduce(begin(documentOf(['a'])), log.lines, 5_100);
    expect(race.clocks.job1).toBe(5_000);
    const more = new Log().add('log', {}, { t_ms: 0 }).add('log', {}, { t_ms: 200 });
    race = reduce(race, more.lines.slice(1), 5_150);
    expect(race.clocks.job1).toBe(4_950);
  });
});
