import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';

import type { Result, RunDocument } from '../../src/lib/api/documents';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import Track from '../../src/pages/race/track/Track.svelte';
import { tabTitle } from '../../src/pages/race/tab_title';
import { documentOf, Log } from '../log';
import { resultOf } from '../result';

function finished(result: Result, more: Partial<RunDocument> = {}): RunDocument {
  const run = documentOf(result.lanes.map((lane) => lane.lane_id).sort(), { state: 'done', ...more });
  for (const lane of run.lanes) Object.assign(lane, { counted: 2, verdict: 'VALID' });
  return { ...run, result };
}

describe('the result on the race page', () => {
  let shown: Record<string, unknown>;

  function show(run: RunDocument): void {
    const log = new Log();
    run.lanes.forEach((lane, index) => log.round(lane.lane_id, 1, index * 1_000, 100 * (index + 1)).round(lane.lane_id, 2, index * 1_000 + 500, 100 * (index + 1)));
    log.add('run_lifecycle', { phase: 'run_end', state: 'done' }, { stream: 'central', t_ms: 5_000 });
    const race = reduce(begin(run), log.lines, 1_005_000);
    const now = 1_005_000;
    shown = mount(Track, { target: document.body, props: { run, race, now, calm: { race, now }, result: run.result ?? null } });
    flushSync();
  }
  const text = (selector: string) => [...document.querySelectorAll(selector)].map((element) => element.textContent?.replace(/\s+/g, ' ').trim() ?? '');

  afterEach(() => unmount(shown));

  it('names winner, margin and doubt in central’s words, best first, with dots for rounds', () => {
    const result = resultOf(
      { b: [160, 184], a: [70, 84] },
      { headline: 'lane b wins', winner: 'b', confidence: { level: 'medium', reasons: [], text: 'Confidence: medium. Rounds vary by 22 %.' } },
    );
    const noisy = { ...result, lanes: result.lanes.map((lane) => (lane.lane_id === 'a' ? { ...lane, noisy: true, cv: 0.22 } : lane)) };
    show(finished(noisy));
    expect(text('.headline')).toContain('lane b wins');
    expect(text('.margin')).toEqual(['2.2x']);
    expect(text('.confidence').join()).toContain('Confidence: medium. Rounds vary by 22 %.');
    expect(text('li.lane .name strong')).toEqual(['lane b', 'lane a']);
    expect(text('li.lane .name .mark')).toEqual(['2', '1']);
    expect(text('.figure strong')).toEqual(['172 tok/s', '77 tok/s']);
    expect(text('.gap')).toEqual(['100 %of best', '45 %of best']);
    expect(text('.figure .noisy')).toEqual(['varies by 22 %']);
    expect(document.querySelectorAll('svg .dot')).toHaveLength(4);
    expect(document.querySelectorAll('.won')).toHaveLength(1);
    expect(document.querySelector('[role=img]')?.getAttribute('aria-label')).toBe('lane b: 172 tok/s, 100 % of the best');
  });

  it('says how a race ended that is not complete', () => {
    show(finished(resultOf({ a: [172], b: [80] }, { headline: 'lane a is ahead', winner: null }), { state: 'failed' }));
    expect(text('.headline .label')).toEqual(['failed']);
  });

  it('shows one lane without a place, and without a share of itself', () => {
    show(finished(resultOf({ a: [172, 174] }, { headline: '173 tok/s', winner: null, margin: null, interval: '95 % interval 160–186 tok/s' })));
    expect(text('.headline')).toEqual(['173 tok/s']);
    expect(text('.interval')).toEqual(['95 % interval 160–186 tok/s']);
    expect([...text('.badge'), ...text('.gap')]).toEqual(['']);
    expect(document.querySelector('[role=img]')?.getAttribute('aria-label')).toBe('lane a: 173 tok/s');
  });

  it('offers the rounds that would part a tie, in a race of its own', () => {
    show(finished(resultOf({ a: [100, 102], b: [99, 101] }, { headline: 'Too close to call', winner: null, margin: null, more_rounds: 10, tied: ['a', 'b'] })));
    const link = [...document.querySelectorAll('a')].find((each) => each.textContent === 'Run 10 more rounds');
    const spec = JSON.parse(new URL(link?.href ?? '', 'http://x').searchParams.get('spec') ?? '{}') as { rounds?: number };
    expect(spec.rounds).toBe(12);
    expect(document.querySelectorAll('.won')).toHaveLength(0);
  });

  it('shows the last round again only where somebody asks for it, and goes back', () => {
    show(finished(resultOf({ a: [100, 100], b: [50, 50] })));
    const button = [...document.querySelectorAll('button')].find((each) => each.textContent === 'Replay last round');
    expect(button?.getAttribute('aria-pressed')).toBe('false');
    button?.click();
    flushSync();
    expect(button?.getAttribute('aria-pressed')).toBe('true');
    expect(text('.legend').join()).toContain('Last round');
    expect(document.querySelectorAll('svg .dot')).toHaveLength(0);
    button?.click();
    flushSync();
    expect(document.querySelectorAll('svg .dot')).toHaveLength(4);
  });

  it('takes nothing of a run that is on for the last word', () => {
    show(finished(resultOf({ a: [100], b: [50] }, { headline: 'lane a wins' }), { state: 'running' }));
    expect(text('.headline').join()).not.toContain('wins');
    expect(document.querySelectorAll('[role=progressbar]')).toHaveLength(2);
  });

  it('is in the title of the tab', () => {
    const run = finished(resultOf({ a: [2], b: [1] }, { headline: 'lane a wins' }));
    show(run);
    expect(tabTitle(run, begin(run), 0)).toBe('lane a wins 2.2x');
  });
});
