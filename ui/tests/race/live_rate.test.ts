import { describe, expect, it } from 'vitest';

import { liveRate, shownRound } from '../../src/lib/race/live_rate';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import { rates } from '../../src/lib/race/trace';
import type { MetricDeclaration, RunDocument } from '../../src/lib/api/documents';
import { documentOf, Log } from '../log';

const METRIC: MetricDeclaration = {
  name: 'rate', title: 'Primes', unit: 'primes/s', better: 'higher', estimator: 'ratio', headline: true,
  formula: 'x / s', stamped: false, across: null, phrase: 'primes per second', parts: '',
};

function runOf(ns: Record<string, number>, metrics = [METRIC]): RunDocument {
  const run = documentOf(Object.keys(ns), {
    workloads: {
      compute: {
        kind: 'compute', title: '', params_schema: {}, metrics, metrics_version: 1, presets: {}, automatic: null,
        saturates: [], drawing: 'progress', together: false, load_params: [], spans: false, shared_load: false, work: ['n'], energy: null,
      },
    },
  });
  for (const lane of run.lanes) lane.params = { n: ns[lane.lane_id] };
  return run;
}

/** A round of a second at a steady pace that found 400 of what the metric counts, in so many blocks. */
function round(log: Log, lane: string, blocks: number, from_ms = 0): Log {
  log.add('round_start', { warmup: true, heat: null }, { lane, round: 0, t_ms: from_ms });
  half(log, lane, blocks, from_ms);
  const measured = [{ metric: 'rate', value: 400, numerator: 400, denominator: 1 }];
  const done = { warmup: false, heat: null, elapsed_ns: 1e9, measured, verdict: { level: 'VALID', reasons: [] } };
  return log.add('round_done', done, { lane, round: 0, t_ms: from_ms + 1_000 });
}

function half(log: Log, lane: string, blocks: number, from_ms: number): Log {
  for (let part = 1; part <= 10; part += 1) {
    log.add('progress', { done: (blocks * part) / 20, total: blocks, unit: 'blocks' }, { lane, round: 0, t_ms: from_ms + 50 * part });
  }
  return log;
}

function drawn(run: RunDocument, log: Log) {
  const race = reduce(begin(run), log.lines, 1_000_150);
  const rate = liveRate(run, race);
  const values = Object.values(race.lanes).map((lane) => {
    const factor = rate.factor(lane);
    const last = rates(shownRound(lane).trace).at(-1)?.done;
    return factor === null || last === undefined ? null : Math.round(last * factor);
  });
  return { ...rate, values };
}

describe('the rate of a running round', () => {
  it('is in the unit of the metric, whatever a lane counts its progress in', () => {
    const log = round(round(new Log(), 'a', 100), 'b', 8_000);
    const { unit, values, about } = drawn(runOf({ a: 5, b: 5 }), log);
    expect([unit, values]).toEqual(['primes/s', [400, 400]]);
    expect(about).toContain('live estimate');
  });

  it('takes what a round comes to from a lane with the same work, and from no other', () => {
    const log = half(round(new Log(), 'a', 100).add('round_start', { warmup: true, heat: null }, { lane: 'b', round: 0, t_ms: 2_000 }), 'b', 8_000, 2_000);
    expect(drawn(runOf({ a: 5, b: 5 }), log)).toMatchObject({ unit: 'primes/s', values: [400, 400] });
    const other = drawn(runOf({ a: 5, b: 6 }), log);
    expect(other).toMatchObject({ unit: '% of a round/s', values: [100, 100] });
    expect(other.about).toContain('primes/s need a finished round of the same work');
  });

  it('says so where the metric is not a rate', () => {
    const { unit, about } = drawn(runOf({ a: 5 }, [{ ...METRIC, title: 'Elapsed', unit: 'ms' }]), round(new Log(), 'a', 100));
    expect([unit, about]).toEqual(['% of a round/s', expect.stringContaining('Elapsed is not a rate')]);
  });

  it('stays in the lanes’ own units where no total is reported', () => {
    const log = new Log().add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
    for (let part = 1; part <= 3; part += 1) log.add('progress', { done: part, total: null, unit: 'steps' }, { lane: 'a', round: 1, t_ms: part * 100 });
    const { unit, values, about } = drawn(runOf({ a: 5 }), log);
    expect([unit, values]).toEqual(['steps/s', [10]]);
    expect(about).toContain('no total is reported');
  });

  it('is that of the last round until the next one makes a curve', () => {
    const log = round(new Log(), 'a', 100);
    log.add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 2, t_ms: 3_000 });
    const before = drawn(runOf({ a: 5 }), log);
    expect(before.unit).toBe('primes/s');
    for (let part = 1; part < 5; part += 1) {
      log.add('progress', { done: part, total: 100, unit: 'blocks' }, { lane: 'a', round: 2, t_ms: 3_000 + part * 20 });
      expect(drawn(runOf({ a: 5 }), log)).toMatchObject({ unit: before.unit, values: before.values });
    }
    log.add('progress', { done: 5, total: 100, unit: 'blocks' }, { lane: 'a', round: 2, t_ms: 3_100 });
    expect(drawn(runOf({ a: 5 }), log).values).toEqual([200]);
  });

  it('never draws characters beside tokens', () => {
    const log = new Log();
    for (const lane of ['a', 'b']) log.add('round_start', { warmup: false, heat: null }, { lane, round: 1 });
    for (let part = 1; part <= 5; part += 1) {
      log.add('llm_token', { text: 'four', pieces: 1 }, { lane: 'a', round: 1, t_ms: part * 100 });
      log.add('llm_token', { text: 'four' }, { lane: 'b', round: 1, t_ms: part * 100 });
    }
    const { unit, values, about } = drawn(runOf({ a: 5, b: 5 }), log);
    expect([unit, values]).toEqual(['tokens/s', [10, null]]);
    expect(about).toContain('lanes without token counts are left out');
  });
});
