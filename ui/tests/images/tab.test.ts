import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import type { Artifact, RunDocument } from '../../src/lib/api/documents';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import LiveImages from '../../src/pages/race/images/LiveImages.svelte';
import Images from '../../src/pages/race/tabs/Images.svelte';
import { Log } from '../log';
import { file, imageRun, seeds } from './run';

const ALIKE = { with: 'a', ssim: 0.12, lowest: 0.12, psnr_db: 9.5, n: 1, n_different: 1, n_missing: 0, differ: [] as string[], different: true, reason: null, images: [{ round: 1, image: 0, ssim: 0.12, mse: 7, different: true, reason: null }] };

let shown: Record<string, unknown> | null = null;

function draw(run: RunDocument): HTMLElement {
  const race = reduce(begin(run), seeds(7, 7).lines, 1_000_000);
  shown = mount(Images, { target: document.body, props: { run, race, facts: {} } });
  flushSync();
  return document.body;
}

function compared(artifacts: Artifact[]): RunDocument {
  const run = imageRun(artifacts);
  run.lanes.forEach((lane) => (lane.likeness = lane.lane_id === 'b' ? ALIKE : { ...ALIKE, ssim: null, reason: 'the others are compared with it', images: [] }));
  return run;
}

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = null;
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

it('shows each image beside what it took, and gives its own bytes', () => {
  const body = draw(compared([file('a', 1), file('b', 1)]));
  const pictures = [...body.querySelectorAll<HTMLImageElement>('.picture img')];
  expect(pictures.map((image) => [image.alt, image.getAttribute('loading')])).toEqual([
    ['lane a, round 1', 'lazy'],
    ['lane b, round 1', 'lazy'],
  ]);
  // A small copy to look at; the image itself behind it.
  const address = `/api/runs/run1/artifacts/${file('a', 1).sha256}`;
  expect(pictures[0]?.getAttribute('src')).toBe(`${address}/thumbnail`);
  expect(pictures[0]?.closest('a')?.getAttribute('href')).toBe(address);
  expect(body.textContent).toContain('Seed 7');
  expect(body.textContent).toContain('1.50 s per image');
  const [link] = body.querySelectorAll<HTMLAnchorElement>('a[download]');
  expect([link?.getAttribute('href'), link?.download]).toEqual([`/api/runs/run1/artifacts/${file('a', 1).sha256}`, 'a.png']);
});

it('names how alike lanes are and what that means', () => {
  const body = draw(compared([file('a', 1), file('b', 1)]));
  const table = body.querySelector('[aria-labelledby=likeness-title] ul')?.textContent ?? '';
  for (const text of ['lane b', 'lane a', '0.12', '9.50 dB', 'A different image', 'The others are compared with it']) expect(table).toContain(text);
});

it('holds two images against each other by a slider that the keyboard moves', () => {
  const body = draw(compared([file('a', 1), file('b', 1)]));
  const slider = body.querySelector<HTMLInputElement>('input[type=range]')!;
  expect(slider.getAttribute('aria-valuetext')).toBe('50 % lane a, 50 % lane b');
  slider.value = '80';
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
  expect(slider.getAttribute('aria-valuetext')).toBe('80 % lane a, 20 % lane b');
  expect(body.querySelector<HTMLElement>('.stage')?.style.getPropertyValue('--at')).toBe('80%');
});

it('asks for what is still to come, and stops when it is here', async () => {
  const answers = [
    { artifacts: [file('a', 1, { state: 'on_machine', image: null }), file('b', 1)], comparing: true, likeness: {} },
    { artifacts: [file('a', 1), file('b', 1)], comparing: false, likeness: { b: ALIKE } },
  ];
  const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify(answers.shift()))));
  vi.stubGlobal('fetch', asked);
  vi.useFakeTimers();
  const body = draw(imageRun([file('a', 1, { state: 'on_machine', image: null }), file('b', 1)]));
  expect(body.textContent).toContain('still on machine m1');
  expect(body.querySelector('input[type=range]')).toBeNull();
  await vi.advanceTimersByTimeAsync(3_010);
  flushSync();
  expect(body.querySelectorAll('.picture img')).toHaveLength(2);
  expect(body.textContent).toContain('SSIM 0.12');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

it('draws some images first, and more when asked', () => {
  const body = draw(compared(Array.from({ length: 110 }, () => file('a', 1))));
  expect(body.querySelectorAll('.picture img')).toHaveLength(48);
  [...body.querySelectorAll('button')].find((each) => each.textContent === 'Show 48 more of 111 images')?.click();
  flushSync();
  expect(body.querySelectorAll('.picture img')).toHaveLength(96);
});

it('sums up rounds without images, and links files of other kinds', () => {
  const graph = file('a', 1, { name: 'graph.json', media_type: 'application/json', image: null });
  const body = draw(compared([graph, file('a', 1), file('b', 1)]));
  expect(body.querySelector('summary')?.textContent).toBe('1 round without images');
  expect(body.querySelectorAll('.picture')).toHaveLength(2);
  expect(body.querySelector<HTMLAnchorElement>('a[download="graph.json"]')?.textContent).toContain('lane a');
});

it('does not warn of other images where the settings explain them', () => {
  const run = compared([file('a', 1), file('b', 1)]);
  run.lanes.forEach((lane) => lane.lane_id === 'b' && (lane.likeness = { ...ALIKE, differ: ['sampler'] }));
  const body = draw(run);
  expect(body.querySelector('.different')).toBeNull();
  expect(body.textContent).toContain('different settings: sampler');
});

it('says while a race is on which phase and step each lane is at', () => {
  const run = imageRun([file('b', 0)]);
  const log = new Log()
    .add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane: 'a', round: 1 })
    .add('progress', { done: 5, total: 20, unit: 'steps', phase: 'sampling' }, { lane: 'a', round: 1, t_ms: 5 });
  shown = mount(LiveImages, { target: document.body, props: { run, race: reduce(begin(run), log.lines, 1_000_000) } });
  flushSync();
  const [a, b] = document.querySelectorAll('li');
  expect(a?.textContent).toContain('sampling');
  expect(a?.textContent).toContain('Step 5 of 20');
  expect(b?.querySelector('img')?.alt).toBe('Latest of lane b');
});

it('shows what a lane is sampling, where its engine sends that', () => {
  const blobs: Blob[] = [];
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (blob: Blob) => `blob:${blobs.push(blob)}`, revokeObjectURL: () => undefined }));
  const run = imageRun([file('a', 0)]);
  const log = new Log()
    .add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane: 'a', round: 1 })
    .add('preview', { media_type: 'image/jpeg', data: btoa('pixels') }, { lane: 'a', round: 1, t_ms: 5 })
    .add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane: 'b', round: 1 })
    .add('preview', { media_type: 'image/svg+xml', data: btoa('<svg/>') }, { lane: 'b', round: 1, t_ms: 5 });
  shown = mount(LiveImages, { target: document.body, props: { run, race: reduce(begin(run), log.lines, 1_000_000) } });
  flushSync();
  const [a, b] = document.querySelectorAll('li');
  expect([a?.querySelector('img')?.alt, a?.querySelector('img')?.getAttribute('src')]).toEqual(['Preview of lane a', 'blob:1']);
  expect([blobs.length, blobs[0]?.type, blobs[0]?.size]).toEqual([1, 'image/jpeg', 6]);
  expect(b?.querySelector('img')).toBeNull();
});
