import { flushSync, mount, unmount } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { MetricSummary, RunDocument } from '../../src/lib/api/documents';
import Metrics from '../../src/pages/race/metrics/Metrics.svelte';
import { documentOf } from '../log';

let show: (seen: boolean) => void;
let shown: Record<string, unknown>;
const props = new SvelteMap<'run', RunDocument>();

/** A run of two lanes, the first of which has this rate. */
function measured(rate: number, state: RunDocument['state'] = 'running'): RunDocument {
  const metric = (value: number): MetricSummary => ({
    title: 'Rate', unit: 'x/s', better: 'higher', estimator: 'ratio', n: 3, value, mean: value, median: value, sd: 1, cv: 0.01,
    ci95: null, min: value, max: value, headline: true, formula: 'f', reason: null,
    stamped: false, span_s: null, low: null, high: null, unknown: null, parts: null, over: null,
  });
  const run = documentOf(['a', 'b'], { state });
  run.lanes.forEach((lane, index) => Object.assign(lane, { counted: 3, summary: { rate: metric(index === 0 ? rate : 500) } }));
  return run;
}

const cell = () => document.querySelector('td .value')?.textContent?.trim();

function update(run: RunDocument): void {
  props.set('run', run);
  flushSync();
}

beforeEach(() => {
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
        show = (isIntersecting) => {
          callback([{ isIntersecting }]);
          flushSync();
        };
      }

      observe(): void {}

      disconnect(): void {}
    },
  );
  props.set('run', measured(100));
  shown = mount(Metrics, { target: document.body, props: { get run() { return props.get('run')!; } } });
  flushSync();
});

afterEach(async () => {
  await unmount(shown);
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

it('keeps what it has while it is out of sight, and is up to date once it is not', () => {
  expect(cell()).toBe('100');
  update(measured(200));
  expect(cell()).toBe('100');
  show(true);
  expect(cell()).toBe('200');
  update(measured(300));
  expect(cell()).toBe('300');
  show(false);
  update(measured(400));
  expect(cell()).toBe('300');
});

it('is up to date at the end of the race, wherever it is', () => {
  update(measured(200, 'done'));
  expect(cell()).toBe('200');
});

it('is up to date on paper', () => {
  update(measured(200));
  window.dispatchEvent(new Event('beforeprint'));
  flushSync();
  expect(cell()).toBe('200');
});
