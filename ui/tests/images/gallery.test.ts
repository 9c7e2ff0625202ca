import { expect, it } from 'vitest';

import type { Artifact, DocumentLane } from '../../src/lib/api/documents';
import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import { comparedOf, galleryRounds, likenessLabel, seedLabel, sharedRounds } from '../../src/pages/race/images/gallery';
import { IMAGE_PHASES, lanePhases } from '../../src/pages/race/phases';
import { tabsOf } from '../../src/pages/race/tabs/tabs';
import { documentOf } from '../log';
import { file, imageRun, seeds } from './run';

it('has the images of all lanes round by round, with the seed that they share', () => {
  const run = imageRun([file('a', 1), file('a', 1, { name: 'second.png' }), file('b', 1), file('a', 0)]);
  const rounds = galleryRounds(run, run.artifacts, reduce(begin(run), seeds(7, 7).lines, 1_000_000));
  expect(rounds.map(({ round, warmup, seed }) => [round, warmup, seed])).toEqual([
    [0, true, null],
    [1, false, 7],
  ]);
  expect(rounds[1]?.shots.map(({ lane, image, of, file }) => [lane.lane_id, image, of, file?.name])).toEqual([
    ['a', 0, 2, 'a.png'],
    ['a', 1, 2, 'second.png'],
    ['b', 0, 1, 'b.png'],
  ]);
  expect(rounds[0]?.shots.map(({ lane, file }) => [lane.lane_id, file === null])).toEqual([
    ['a', false],
    ['b', true],
  ]);
  expect(sharedRounds(rounds, 'a', 'b').map((each) => each.round)).toEqual([1]);
});

it('says no seed where lanes had different ones', () => {
  const run = imageRun([]);
  const rounds = galleryRounds(run, [], reduce(begin(run), seeds(7, 8).lines, 1_000_000));
  expect(rounds[1]?.seed).toBeNull();
  expect(seedLabel(rounds[1]!, 'a', 'b')).toBe('different seeds');
  expect(seedLabel(rounds[0]!, 'a', 'b')).toBe('');
});

it('has files that are not images apart from those that are', () => {
  const graph = file('a', 1, { name: 'graph.json', media_type: 'application/json', image: null });
  const run = imageRun([graph, file('a', 1), file('b', 1)]);
  const round = galleryRounds(run, run.artifacts, begin(run))[1]!;
  expect(round.shots.map(({ image, of, file }) => [image, of, file?.name])).toEqual([
    [0, 1, 'a.png'],
    [0, 1, 'b.png'],
  ]);
  expect(round.others.map(({ file }) => file.name)).toEqual(['graph.json']);
});

it('finds how alike an image is by its round and its place in the batch', () => {
  const run = imageRun([file('b', 1), file('b', 1)]);
  const shots = galleryRounds(run, run.artifacts, begin(run))[1]?.shots.filter(({ lane }) => lane.lane_id === 'b') ?? [];
  const images = [
    { round: 1, image: 1, ssim: 0.4, mse: 9, different: true, reason: null },
    { round: 0, image: 0, ssim: 0.9, mse: 9, different: false, reason: null },
  ];
  const likenesses = { b: { with: 'a', ssim: 0.4, lowest: 0.4, psnr_db: 30, n: 1, n_different: 1, n_missing: 0, differ: [], different: true, reason: null, images } };
  expect(shots.map((shot) => comparedOf(likenesses, shot))).toEqual([null, { ssim: 0.4, different: true }]);
  const words = [1, 0.9, 0.6].map((ssim) => likenessLabel({ ssim, different: false }));
  expect(words).toEqual(['nearly the same image', 'the same image with small differences', 'not clearly the same image']);
  expect(likenessLabel({ ssim: 0.72, different: true })).toBe('a different image');
});

it('takes phases from the medians, and says why one is missing', () => {
  const metric = (title: string, median: number | null, reason: string | null = null) => ({ title, median, value: median, reason });
  const lane = { ...documentOf(['a']).lanes[0], summary: { decode_ms: metric('Decode', 5), sampling_ms: metric('Sampling', 95), load_ms: metric('Reading models', null, 'loaded before the rounds'), image_s: metric('Time', 1) } };
  const found = lanePhases(lane as unknown as DocumentLane, IMAGE_PHASES);
  expect(found.phases.map(({ title, ms }) => [title, ms])).toEqual([
    ['Sampling', 95],
    ['Decode', 5],
  ]);
  expect([found.total_ms, found.unknown]).toEqual([100, [{ titles: ['Reading models'], reason: 'loaded before the rounds' }]]);
});

it('a race of images has a tab for them, and Output only for other files', () => {
  const names = (files: Artifact[]) => {
    const run = imageRun(files);
    return tabsOf(run, begin(run)).map((tab) => tab.name);
  };
  expect(names([file('a', 1)])).toEqual(['images', 'rounds', 'machines', 'settings']);
  expect(names([file('a', 1), file('a', 1, { media_type: 'application/json', image: null })])).toContain('output');
  expect(tabsOf(documentOf(['a']), begin(documentOf(['a']))).map((tab) => tab.name)).not.toContain('images');
});
