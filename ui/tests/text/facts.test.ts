import { describe, expect, it } from 'vitest';

import type { MetricSummary } from '../../src/lib/api/documents';
import { delta } from '../../src/pages/race/metrics/deltas';
import { badges } from '../../src/components/text/badges';
import { factsOf } from '../../src/lib/race/facts';

const RECORD = {
  engine: { name: 'An engine', version: '1.2', model: 'm', digest: 'd', quantization: 'Q4', settings: { n: 4, on: null }, host: null },
  cache: 'warm-unique',
  cache_proof: 'engine',
  load_ns: 1_500_000_000,
  load_source: 'client',
  timing_source: 'kernel',
  simulated: false,
  fallback_reason: null,
  alone: true,
  stayed: [],
};

const said = (record: unknown) => {
  const facts = factsOf(record);
  return facts === null ? null : badges(facts).map((fact) => [fact.key, fact.text, fact.tone]);
};

describe('the facts of a record', () => {
  it('are those of text alone', () => {
    expect([factsOf(null), factsOf({ primes: 4 }), factsOf({ engine: 'x' }), factsOf([])]).toEqual([null, null, null, null]);
    expect(factsOf(RECORD)).toMatchObject({ engine: 'An engine', load_ms: 1500, settings: [['n', '4'], ['on', 'not reported']] });
  });

  it('are not more certain than they are', () => {
    const facts = factsOf({ ...RECORD, cache: '<b>', cache_proof: 7, load_ns: 'x', stayed: 'y', simulated: 'yes' });
    expect(facts).toMatchObject({ cache: 'unknown', proof: 'none', load_ms: null, stayed: [], simulated: false });
  });
});

describe('badges', () => {
  it('say the engine, the cache and the load', () => {
    expect(said(RECORD)).toEqual([
      ['engine', 'An engine 1.2', 'calm'],
      ['cache', 'warm, prompt not cached', 'calm'],
      ['load', 'load 1.50 s', 'calm'],
    ]);
  });

  it('say the proof of the cache', () => {
    const proofs = ['engine', 'inferred', 'none'].map((cache_proof) => {
      const facts = factsOf({ ...RECORD, cache_proof });
      return facts && badges(facts).find((fact) => fact.key === 'cache')?.more.split('; ').at(-1);
    });
    expect(proofs).toEqual([
      'reported by the engine',
      'inferred: the prompt begins with a nonce that this engine has never seen',
      'without proof',
    ]);
  });

  it('warn of a mock first, of an engine elsewhere, and of company in memory', () => {
    const record = {
      ...RECORD,
      engine: { ...RECORD.engine, host: 'other' },
      simulated: true,
      fallback_reason: 'no engine',
      load_ns: null,
      alone: false,
      stayed: ['big'],
    };
    expect(said(record)).toEqual([
      ['mock', 'mock', 'bad'],
      ['host', 'not on this machine', 'warn'],
      ['company', 'not alone in memory', 'warn'],
    ]);
  });
});

describe('the difference to a pinned lane', () => {
  const metric = (value: number | null, better: 'higher' | 'lower', ci95: [number, number] | null = null) =>
    ({ value, better, ci95 }) as MetricSummary;

  it('has its sign, and its sense by the metric', () => {
    expect(delta(metric(120, 'higher'), metric(100, 'higher'))).toEqual({ text: '+20 %', tone: 'better' });
    expect(delta(metric(120, 'lower'), metric(100, 'lower'))).toEqual({ text: '+20 %', tone: 'worse' });
    expect(delta(metric(75, 'lower'), metric(100, 'lower'))).toEqual({ text: '−25 %', tone: 'better' });
  });

  it('is no verdict where the intervals overlap', () => {
    const close = delta(metric(120, 'higher', [95, 145]), metric(100, 'higher', [90, 110]));
    expect(close).toEqual({ text: '+20 %', tone: 'close' });
    expect(delta(metric(100, 'higher'), metric(100, 'higher'))).toEqual({ text: '±0 %', tone: 'close' });
  });

  it('is no verdict where what estimates leave open overlaps', () => {
    const open = { ...metric(120, 'higher'), low: 95, high: 125 } as MetricSummary;
    expect(delta(open, metric(100, 'higher'))?.tone).toBe('close');
    expect(delta(open, metric(90, 'higher'))?.tone).toBe('better');
  });

  it('is none where a value is missing or nothing', () => {
    expect([delta(metric(null, 'higher'), metric(1, 'higher')), delta(metric(1, 'higher'), metric(0, 'higher'))]).toEqual([null, null]);
  });
});
