import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, it, vi } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import LiveSpeech from '../../src/pages/race/speech/LiveSpeech.svelte';
import Speech from '../../src/pages/race/tabs/Speech.svelte';
import { tabsOf } from '../../src/pages/race/tabs/tabs';
import { Log } from '../log';
import { central, heard, recording, speechRun, transcript } from './run';

let shown: Record<string, unknown> | null = null;

async function draw(run: RunDocument): Promise<HTMLElement> {
  shown = mount(Speech, { target: document.body, props: { run, race: begin(run), facts: {} } });
  await settled();
  return document.body;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  await vi.dynamicImportSettled();
  flushSync();
}

const list = (body: HTMLElement, lane: string) => body.querySelector<HTMLElement>(`[aria-label="Segments of lane ${lane}"]`);
const buttons = (body: HTMLElement, lane: string) => [...(list(body, lane)?.querySelectorAll('button') ?? [])];

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = null;
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

it('lights the segment under the play head in each lane, and plays one that is pressed', async () => {
  central({ a: heard(['one', 'two', 'three']), b: heard(['one', 'tool']) });
  const body = await draw(speechRun([transcript('a', 1), transcript('b', 1), recording()]));
  const audio = body.querySelector('audio')!;
  expect(audio.getAttribute('src')).toBe(`/api/runs/run1/artifacts/${recording().sha256}`);
  const play = vi.spyOn(audio, 'play').mockResolvedValue();
  buttons(body, 'a')[1]?.click();
  flushSync();
  expect(play).toHaveBeenCalledOnce();
  expect(audio.currentTime).toBe(1);
  const lit = (lane: string) => buttons(body, lane).findIndex((button) => button.getAttribute('aria-current') === 'true');
  expect([lit('a'), lit('b')]).toEqual([1, 1]);
});

it('goes from segment to segment by the arrow keys, and Tab stops at one of them', async () => {
  central({ a: heard(['one', 'two', 'three']), b: heard(['one']) });
  const body = await draw(speechRun([transcript('a', 1), recording()]));
  const stops = () => buttons(body, 'a').map((button) => button.tabIndex);
  expect(stops()).toEqual([0, -1, -1]);
  const press = async (key: string) => {
    list(body, 'a')?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    await settled();
  };
  buttons(body, 'a')[0]?.focus();
  await press('ArrowDown');
  expect(document.activeElement?.textContent).toContain('two');
  await press('End');
  await press('ArrowDown');
  expect(document.activeElement?.textContent).toContain('three');
  expect(stops()).toEqual([-1, -1, 0]);
});

it('marks the differences from the reference, or from another lane, not by colour alone', async () => {
  const edits = [
    { op: 'equal', reference: 'two', transcript: 'two' },
    { op: 'substitute', reference: 'gulls', transcript: 'girls' },
    { op: 'delete', reference: 'fly', transcript: '' },
    { op: 'insert', reference: '', transcript: 'now' },
  ];
  central({ a: heard(['Two girls now'], { edits }), b: heard(['Two girls']) });
  const body = await draw(speechRun([transcript('a', 1), transcript('b', 1)]));
  const region = body.querySelector('[aria-labelledby=differences-title]')!;
  expect(region.textContent).toContain('1 different, 1 missing, 1 added of 3 words of the reference');
  const said = (name: string) => [...region.querySelectorAll(`article ${name}`)].map((part) => part.textContent);
  expect(said('del')).toEqual(['instead of gulls', 'missing: fly']);
  expect(said('ins')).toEqual(['heard as girls', 'added: now']);
  expect(region.textContent).toContain('This lane has no reference.');
  const select = region.querySelector('select')!;
  expect([...select.options].map((option) => option.text)).toEqual(['the reference', 'lane a', 'lane b']);
  select.value = 'b';
  select.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
  expect(said('ins')).toEqual(['added: now']);
});

it('says where a recording or a transcript is that is not here, and asks until it is', async () => {
  vi.useFakeTimers();
  const before = [transcript('a', 1), transcript('b', 1, 'b', { state: 'on_machine' }), recording({ state: 'refused', reason: 'it has too many bytes', audio: null })];
  const answers = [before, [transcript('a', 1), recording()]];
  central({}).mockImplementation((address) => {
    const answer = address.endsWith('/artifacts') ? { artifacts: answers.shift(), comparing: false, likeness: {} } : heard(['one']);
    return Promise.resolve(new Response(JSON.stringify(answer)));
  });
  const body = await draw(speechRun(before));
  expect(body.textContent).toContain('The recording stays on m1: it has too many bytes.');
  expect(body.textContent).toContain('Its transcript is copied from m1');
  expect(buttons(body, 'a')).toEqual([]);
  expect(list(body, 'a')?.textContent).toContain('one');
  await vi.advanceTimersByTimeAsync(3_010);
  await settled();
  expect(buttons(body, 'a')).toHaveLength(1);
  vi.useRealTimers();
});

it('says why a transcript cannot be read', async () => {
  central({ a: { text: 'no list' } });
  const body = await draw(speechRun([transcript('a', 1)]));
  expect(body.textContent).toContain('Its transcript cannot be read: this file has no transcripts.');
  expect(body.textContent).toContain('This round left no transcript.');
});

it('has a tab of its own, which takes the place of Output', () => {
  const run = speechRun([transcript('a', 1), recording()]);
  const race = reduce(begin(run), new Log().add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane: 'a', round: 1 }).add('compute_line', { line: '[00:00.000 --> 00:01.000] x' }, { lane: 'a', round: 1 }).lines, 1_000_000);
  expect(tabsOf(run, race).map((tab) => tab.name)).toEqual(['transcripts', 'machines', 'settings']);
});

it('shows segments with their times while they come, and how far the audio is', () => {
  const run = speechRun([]);
  const log = new Log()
    .add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane: 'a', round: 1 })
    .add('compute_line', { line: '[00:00.000 --> 00:02.500] The ferry' }, { lane: 'a', round: 1, t_ms: 5 })
    .add('progress', { done: 2.5, total: 10, unit: 's of audio' }, { lane: 'a', round: 1, t_ms: 6 });
  shown = mount(LiveSpeech, { target: document.body, props: { run, race: reduce(begin(run), log.lines, 1_000_000) } });
  flushSync();
  const [a] = document.querySelectorAll('.lanes > li');
  for (const text of ['transcribing', '0:02.5 of 0:10.0', '0:00.0 – 0:02.5', 'The ferry']) expect(a?.textContent).toContain(text);
});
