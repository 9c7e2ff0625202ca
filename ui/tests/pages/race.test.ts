import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';

import Outcome from '../../src/pages/race/Outcome.svelte';
import Result from '../../src/pages/race/tabs/Result.svelte';
import Track from '../../src/pages/race/track/Track.svelte';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import { documentOf, Log } from '../log';

const HOSTILE = '<img src=x onerror="alert(1)">\u202e';

/** An observer to which everything is in sight. */
class InSight {
  constructor(private readonly callback: (entries: { isIntersecting: boolean }[]) => void) {}

  observe(): void {
    this.callback([{ isIntersecting: true }]);
  }

  disconnect(): void {}
}

describe('the race page', () => {
  let shown: Record<string, unknown> | undefined;

  afterEach(async () => {
    if (shown) await unmount(shown);
    document.body.replaceChildren();
  });

  function hostile() {
    const run = documentOf(['a', 'b']);
    for (const lane of run.lanes) lane.label = `${HOSTILE} ${lane.lane_id}`;
    return run;
  }

  it('shows labels as the text they are, and how far each lane is', () => {
    const run = hostile();
    const log = new Log()
      .round('b', 1, 0, 100)
      .add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1, t_ms: 100 })
      .add('progress', { done: 25, total: 100, unit: 'blocks' }, { lane: 'a', round: 1, t_ms: 150 });
    const race = reduce(begin(run), log.lines, 1_000_150);
    const now = 1_000_150;
    shown = mount(Track, { target: document.body, props: { run, race, now, calm: { race, now } } });
    flushSync();
    expect(document.querySelector('img')).toBeNull();
    expect(document.body.textContent).toContain(`${HOSTILE} a`);
    const bars = [...document.querySelectorAll('[role=progressbar]')];
    // Of two counted rounds after a warm-up that takes a twentieth of the track.
    expect(bars.map((bar) => bar.getAttribute('aria-valuenow'))).toEqual(['17', '53']);
    expect(bars[0]?.getAttribute('aria-label')).toBe(`${HOSTILE} a`);
    expect(bars[1]?.getAttribute('aria-valuetext')).toContain('1 of 2 rounds done, 53 %');
    expect(document.querySelectorAll('.ghost')).toHaveLength(1);
  });

  it('moves a bar that is in sight with the race, and others with the words', () => {
    const run = documentOf(['a', 'b']);
    const log = new Log().add('round_start', { warmup: false, heat: null }, { lane: 'a', round: 1 });
    const before = reduce(begin(run), log.lines, 1_000_000);
    log.add('progress', { done: 50, total: 100, unit: 'blocks' }, { lane: 'a', round: 1, t_ms: 50 });
    const race = reduce(begin(run), log.lines, 1_000_050);
    const props = { run, race, now: 1_000_050, calm: { race: before, now: 1_000_000 } };
    const bar = () => document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow');
    shown = mount(Track, { target: document.body, props });
    flushSync();
    expect(bar()).toBe('5');
    void unmount(shown);
    vi.stubGlobal('IntersectionObserver', InSight);
    try {
      shown = mount(Track, { target: document.body, props });
      flushSync();
      expect(bar()).toBe('29');
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('shows places by central’s standing, ties as ties, with reasons', () => {
    const run = hostile();
    const metric = {
      title: 'Rate', unit: 'x/s', better: 'higher' as const, estimator: 'ratio' as const, n: 5, value: 1500, mean: 1500,
      median: 1500, sd: 1, cv: 0.012, ci95: [1400, 1600] as [number, number], min: 1, max: 2, headline: true,
      formula: 'x / s', reason: null, stamped: false, span_s: null, low: null, high: null, unknown: null, parts: null, over: null,
    };
    for (const lane of run.lanes) {
      lane.counted = 5;
      lane.verdict = 'SUSPECT';
      lane.marks = [{ code: 'throttled', text: `too hot ${HOSTILE}` }];
      lane.summary = { rate: metric };
    }
    run.standing = {
      metric: 'rate',
      places: [
        { lane_id: 'b', place: 1, value: 1500, low: null, high: null, marked: false },
        { lane_id: 'a', place: 1, value: 1500, low: null, high: null, marked: false },
      ],
    };
    shown = mount(Result, { target: document.body, props: { run, facts: {} } });
    flushSync();
    const lanes = [...document.querySelectorAll('thead th .place')].map((place) => place.textContent);
    expect(lanes).toEqual(['=1st', '=1st']);
    expect(document.querySelector('tbody th')?.textContent).toContain('Rate kx/s · higher is better');
    expect([...document.querySelectorAll('tbody td .value')].map((value) => value.textContent)).toEqual(['1.50', '1.50']);
    const remarks = [...document.querySelectorAll('.remarks li')].map((remark) => remark.textContent ?? '');
    expect(remarks).toHaveLength(2);
    for (const remark of remarks) expect(remark).toContain(`too hot ${HOSTILE}`);
    expect(document.querySelector('img')).toBeNull();
  });

  it('folds the traceback of a failed lane under its error', () => {
    const run = hostile();
    const failure = { category: 'plugin_error', message: 'it broke', remedy: 'Report it.', detail: `File "x.py" ${HOSTILE}` };
    const log = new Log().add('lane_error', { error: failure }, { lane: 'a' });
    const race = reduce(begin(run), log.lines, 1_000_150);
    const now = 1_000_150;
    shown = mount(Track, { target: document.body, props: { run, race, now, calm: { race, now } } });
    flushSync();
    const folded = document.querySelector('details');
    expect(folded?.open).toBe(false);
    expect(folded?.querySelector('summary')?.textContent).toBe('Traceback');
    expect(folded?.querySelector('pre')?.textContent).toBe(failure.detail);
    expect(document.querySelector('img')).toBeNull();
  });

  it('says what several lanes failed of once, below them', () => {
    const run = { ...hostile(), state: 'failed' as const, failure: { category: 'missing_model' as const, message: 'no such model', remedy: 'Choose another.', fields: [], detail: null } };
    const both = { ...run, lanes: run.lanes.map((lane) => ({ ...lane, error: run.failure })) };
    const log = new Log();
    for (const lane of ['a', 'b']) log.add('lane_error', { error: run.failure }, { lane });
    const race = reduce(begin(both), log.lines, 1_000_150);
    const now = 1_000_150;
    const said = (selector: string) => document.querySelectorAll(selector).length;
    shown = mount(Track, { target: document.body, props: { run: both, race, now, calm: { race, now } } });
    let outcome = mount(Outcome, { target: document.body, props: { run: both, race } });
    flushSync();
    expect([said('li .error'), said('[role=alert]')]).toEqual([0, 1]);
    void unmount(outcome);
    outcome = mount(Outcome, { target: document.body, props: { run: { ...both, lanes: both.lanes.slice(0, 1) }, race } });
    flushSync();
    expect(said('[role=alert]')).toBe(0);
    void unmount(outcome);
  });
});
