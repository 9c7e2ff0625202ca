import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import type { Artifact } from '../../src/lib/api/documents';
import Files from '../../src/pages/race/Files.svelte';
import { documentOf } from '../log';

const SHA = 'ab'.repeat(32);

function file(more: Partial<Artifact> = {}): Artifact {
  return {
    name: 'a.png',
    media_type: 'image/png',
    size: 2048,
    sha256: SHA,
    job_id: 'job1',
    machine_id: 'm1',
    lane_id: 'a',
    round: 1,
    state: 'stored',
    reason: null,
    image: 'image/png',
    audio: null,
    ...more,
  };
}

let shown: ReturnType<typeof mount> | null = null;

function draw(artifacts: Artifact[]): HTMLElement {
  shown = mount(Files, { target: document.body, props: { run: documentOf(['a', 'b'], { artifacts }) } });
  flushSync();
  return document.body;
}

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = null;
  vi.unstubAllGlobals();
});

it('shows a picture in a fixed box, and not before it is seen', () => {
  const image = draw([file()]).querySelector('img');
  expect(image?.getAttribute('src')).toBe(`/api/runs/run1/artifacts/${SHA}/thumbnail`);
  expect(image?.getAttribute('loading')).toBe('lazy');
  expect(image?.getAttribute('width')).toBe('160');
  expect(image?.getAttribute('alt')).toBe('a.png by lane a, round 1');
});

it('gives what central does not call an image to download, whatever it says of itself', () => {
  const body = draw([file({ image: null }), file({ name: '<b>x.svg</b>', media_type: '<i>svg</i>', image: null })]);
  expect(body.querySelector('img')).toBeNull();
  expect(body.querySelector('b, i')).toBeNull();
  const links = [...body.querySelectorAll('li a')];
  expect(links.map((link) => link.getAttribute('download'))).toEqual(['a.png', '<b>x.svg</b>']);
  expect(body.textContent).toContain('2.05 kB');
});

it('says on which machine a file still is, and why, until it has come', async () => {
  const answers = [[file({ state: 'on_machine', image: null, reason: 'it is gone' })], [file()]];
  const fetched = vi.fn(() => Promise.resolve(new Response(JSON.stringify({ artifacts: answers.shift() }))));
  vi.stubGlobal('fetch', fetched);
  vi.useFakeTimers();
  const body = draw([file({ state: 'on_machine', image: null })]);
  expect(body.textContent).toContain('still on machine m1');
  expect(body.querySelector('a, img')).toBeNull();
  await vi.advanceTimersByTimeAsync(1);
  flushSync();
  expect(body.textContent).toContain('still on machine m1: it is gone');
  await vi.advanceTimersByTimeAsync(3_001);
  flushSync();
  expect(body.querySelector('img')).not.toBeNull();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(fetched).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

it('says why a file will not come', () => {
  const body = draw([file({ state: 'refused', image: null, reason: 'it has 99 bytes' })]);
  expect(body.textContent).toContain('kept on machine m1: it has 99 bytes');
});

it('draws some first, and all when asked', () => {
  const body = draw(Array.from({ length: 60 }, () => file()));
  expect(body.querySelectorAll('img')).toHaveLength(48);
  const more = [...body.querySelectorAll('button')].find((each) => each.textContent === 'Show all 60 files');
  more?.click();
  flushSync();
  expect(body.querySelectorAll('img')).toHaveLength(60);
});
