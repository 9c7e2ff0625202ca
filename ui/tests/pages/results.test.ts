import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import { factsOf } from '../../src/lib/race/facts';
import { router } from '../../src/lib/router/router.svelte';
import Result from '../../src/pages/race/tabs/Result.svelte';
import { documentOf } from '../log';

const metric = (value: number, better: 'higher' | 'lower') => ({
  title: better === 'higher' ? 'Decode rate' : 'Total',
  unit: 'tok/s',
  better,
  headline: true,
  formula: '',
  estimator: 'ratio',
  n: 3,
  value,
  ci95: [value * 0.99, value * 1.01],
});

function raced(): RunDocument {
  const run = documentOf(['a', 'b']);
  const lanes = run.lanes.map((lane, index) => ({
    ...lane,
    counted: index === 0 ? 3 : 3,
    summary: { rate: metric(index === 0 ? 100 : 50, 'higher'), total: metric(index === 0 ? 10 : 20, 'lower') },
    agreement: index === 0 ? { share: null, n: 0, reason: 'the least quantised' } : { with: 'a', share: 0.25, n: 3, reason: null },
  }));
  const points = [1, 2, 4].map((load) => ({ lane_id: `lane${load}`, load, throughput: load * 10, latency_ms: 5, power: 1 }));
  const knee = { machine_id: 'm1', backend: 'e', swept: 'concurrency', points, lane_id: 'lane2', load: 2, reason: null };
  const remarks = [{ code: 'tokenizers_differ', text: 'tokens are not comparable: <i>a</i>' }];
  return { ...run, lanes, remarks, knees: [knee] } as unknown as RunDocument;
}

describe('the results of text', () => {
  let shown: Record<string, unknown>;
  const show = (run: RunDocument) => {
    const facts = { a: factsOf({ engine: { name: 'E', digest: 'sha' }, simulated: true, cache: 'unknown' }) ?? undefined };
    shown = mount(Result, { target: document.body, props: { run, facts } });
    flushSync();
  };
  const choose = (lane: string) => {
    const select = document.querySelector('select')!;
    select.value = lane;
    select.dispatchEvent(new Event('change', { bubbles: true }));
    flushSync();
  };
  const deltas = () => [...document.querySelectorAll('.delta')].map((each) => each.textContent?.replace(/\s+/g, ' ').trim());

  afterEach(async () => {
    await unmount(shown);
    router.replace('/');
  });

  it('set every lane against the one that is pinned, in the address, until it is let go', () => {
    const run = raced();
    show(run);
    expect(deltas()).toEqual(['0.5x', '2.0x']);
    choose('a');
    expect(router.place.query.get('base')).toBe('a');
    expect(deltas()).toEqual(['baseline', '0.5x worse', 'baseline', '2.0x worse']);
    choose('b');
    expect(deltas()).toEqual(['2.0x better', 'baseline', '0.5x better', 'baseline']);
    choose('');
    expect([router.place.query.get('base'), deltas()]).toEqual([null, ['0.5x', '2.0x']]);
  });

  it('have the rest of a metric on demand', () => {
    show(raced());
    const turn = document.querySelector<HTMLButtonElement>('[aria-label="Details of Decode rate"]')!;
    expect([turn.getAttribute('aria-expanded'), document.querySelectorAll('dl')]).toEqual(['false', expect.objectContaining({ length: 0 })]);
    turn.click();
    flushSync();
    expect(turn.getAttribute('aria-expanded')).toBe('true');
    expect([...document.querySelectorAll('dt')].map((name) => name.textContent)).toContain('sd');
    expect(document.querySelectorAll('dl')).toHaveLength(2);
  });

  it('say what stands between the lanes, as text, and where a sweep bends', () => {
    const run = raced();
    show(run);
    const words = document.querySelector('.remarks')?.textContent?.replace(/\s+/g, ' ') ?? '';
    expect(words).toContain('Tokens are not comparable: <i>a</i>.');
    expect(words).toContain(`${run.lanes[1]?.label} agrees with ${run.lanes[0]?.label} in 25 % of the text`);
    expect(words).toContain('Knee at concurrency 2');
    expect(document.querySelectorAll('.remarks tbody tr')).toHaveLength(3);
    expect(document.querySelector('tr.knee th')?.textContent).toBe('2');
  });

  it('warn of a mock', () => {
    show(raced());
    expect(document.querySelector('.badges li.bad')?.textContent).toContain('A mock answered');
  });
});
