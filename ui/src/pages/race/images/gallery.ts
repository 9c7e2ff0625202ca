/** The images of a race, round by round, beside what their rounds took. */

import type { Artifact, DocumentLane, RoundSummary, RunDocument } from '../../../lib/api/documents';
import type { Race } from '../../../lib/race/state';

export type Likenesses = Readonly<Record<string, DocumentLane['likeness']>>;

/** One image of a lane's round; `file` is null where the round made none. */
export interface Shot {
  lane: DocumentLane;
  /** The lane's number in the run. */
  index: number;
  round: RoundSummary;
  /** Its place in the batch, from 0, and how many there are. */
  image: number;
  of: number;
  file: Artifact | null;
}

export interface GalleryRound {
  round: number;
  warmup: boolean;
  /** One for all lanes; null where they had different ones, or none is known. */
  seed: number | null;
  /** Those that are known, by lane. */
  seeds: Readonly<Record<string, number>>;
  shots: Shot[];
  /** Files that are not images. */
  others: { lane: DocumentLane; file: Artifact }[];
}

export function galleryRounds(run: RunDocument, files: readonly Artifact[], race: Race): GalleryRound[] {
  const byPlace = new Map<string, Artifact[]>();
  for (const file of files) {
    const key = `${file.lane_id}/${file.round}`;
    byPlace.set(key, [...(byPlace.get(key) ?? []), file]);
  }
  const rounds = new Map<number, GalleryRound>();
  run.lanes.forEach((lane, index) => {
    for (const round of lane.rounds) {
      const at = rounds.get(round.round) ?? { round: round.round, warmup: round.warmup, seed: null, seeds: {}, shots: [], others: [] };
      rounds.set(round.round, at);
      const made = byPlace.get(`${lane.lane_id}/${round.round}`) ?? [];
      const own = made.filter(isImage);
      at.others.push(...made.filter((file) => !isImage(file)).map((file) => ({ lane, file })));
      const of = own.length;
      const shown: (Artifact | null)[] = of > 0 ? own : [null];
      at.shots.push(...shown.map((file, image) => ({ lane, index, round, image, of, file })));
    }
  });
  for (const round of rounds.values()) {
    round.seeds = seedsOf(race, round.round);
    const seeds = new Set(Object.values(round.seeds));
    round.seed = seeds.size === 1 ? [...seeds][0]! : null;
  }
  return [...rounds.values()].sort((one, other) => one.round - other.round);
}

export function isImage(file: Artifact): boolean {
  return file.media_type.startsWith('image/');
}

function seedsOf(race: Race, round: number): Record<string, number> {
  const seeds = Object.values(race.lanes).flatMap((lane) => {
    const seed = lane.rounds.find((mark) => mark.round === round)?.seed;
    return typeof seed === 'number' ? [[lane.lane_id, seed] as const] : [];
  });
  return Object.fromEntries(seeds);
}

/** The seed of two lanes in a round; empty where one is not known. */
export function seedLabel({ seeds }: GalleryRound, a: string, b: string): string {
  const [one, other] = [seeds[a], seeds[b]];
  if (one === undefined || other === undefined) return '';
  return one === other ? `seed ${one}` : 'different seeds';
}

/** The rounds that have an image of both lanes here, to be held against each other. */
export function sharedRounds(rounds: readonly GalleryRound[], a: string, b: string): GalleryRound[] {
  return rounds.filter((round) => [a, b].every((lane_id) => shotOf(round, lane_id, 0) !== null));
}

export function shotOf(round: GalleryRound, lane_id: string, image: number): (Shot & { file: Artifact }) | null {
  const shot = round.shots.find((each) => each.lane.lane_id === lane_id && each.image === image);
  return shot?.file?.image ? { ...shot, file: shot.file } : null;
}

export function measuredOf(round: RoundSummary, metric: string): number | null {
  return round.measured.find((measured) => measured.metric === metric)?.value ?? null;
}

export interface Compared {
  ssim: number;
  different: boolean;
}

/** How alike an image is to that of the lane's reference; null where it was not compared. */
export function comparedOf(likenesses: Likenesses, { lane, round, image }: Shot): Compared | null {
  const own = likenesses[lane.lane_id]?.images.find((each) => each.round === round.round && each.image === image);
  return own && own.ssim !== null ? { ssim: own.ssim, different: own.different } : null;
}

/** What that means, in words. */
export function likenessLabel({ ssim, different }: Compared): string {
  if (different) return 'a different image';
  if (ssim >= 0.98) return 'nearly the same image';
  return ssim >= 0.85 ? 'the same image with small differences' : 'not clearly the same image';
}

/** A round as people call it. */
export function roundLabel({ round, warmup }: { round: number; warmup: boolean }): string {
  return warmup ? 'Warm-up' : `Round ${round}`;
}
