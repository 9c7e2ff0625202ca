/** What is drawn at one instant: derived from a race and the viewer's clock, never stored. */

import { totalOf } from './lane';
import { ghostAt, rivals, splitOf, type Split } from './ghost';
import { silenceOf } from './silence';
import { isInvalid, type LaneRace, type Race } from './state';

/** How much of the track is for warm-ups, where there are any. */
export const LEAD_IN = 0.05;
/** Of so many others the last round is on a track: more cannot be told apart, and each is a layer that moves. */
export const MAX_GHOSTS = 3;

export interface GhostMark {
  lane_id: string;
  label: string;
  /** 0 to 1 along the track. */
  at: number;
}

export interface LaneView {
  lane: LaneRace;
  /** The lane's number in the run, for its colour. */
  index: number;
  /** How far the whole race is done, 0 to 1. */
  at: number;
  /** How far the round is that runs, 0 to 1; null where that is unknown. */
  fraction: number | null;
  elapsed_ms: number | null;
  running: boolean;
  /** How long nothing was heard of a lane that should report. */
  silent_ms: number | null;
  /** Where the best others that rest were in their last round at this time since its start. */
  ghosts: GhostMark[];
  /** Ahead of or behind the nearest rival, by its last round. */
  split: Split | null;
  place: number | null;
  /** Whether other lanes have the same place. */
  shared: boolean;
}

export function laneViews(race: Race, now_ms: number): LaneView[] {
  const lanes = race.order.flatMap((id) => race.lanes[id] ?? []);
  const ranked = rivals(race);
  const resting = new Set(ranked.filter((lane) => lane.started_ns === null).slice(0, MAX_GHOSTS));
  const rest = lanes.filter((lane) => resting.has(lane));
  const most = Math.max(0, ...ranked.map((lane) => lane.ghost?.trace.points.at(-1)?.done ?? 0));
  const places = new Map(race.standing?.places.map((place) => [place.lane_id, place.place]));
  const shared = sharedPlaces(places.values());
  return lanes.map((lane, index) => {
    const silence = silenceOf(race, lane, now_ms);
    const running = lane.started_ns !== null;
    const elapsed_ms = running ? elapsed(race, lane, silence?.since_ms ?? now_ms) : null;
    const fraction = running ? fractionOf(lane, most, elapsed_ms ?? 0) : null;
    const place = places.get(lane.lane_id) ?? null;
    return {
      lane,
      index,
      at: position(lane, fraction ?? 0),
      fraction,
      elapsed_ms,
      running,
      silent_ms: silence?.for_ms ?? null,
      ghosts: lane.state === 'running' && elapsed_ms !== null ? ghosts(rest, lane, elapsed_ms) : [],
      split: splitOf(ranked, lane, fraction, elapsed_ms),
      place,
      shared: place !== null && shared.has(place),
    };
  });
}

function sharedPlaces(places: Iterable<number | null>): Set<number> {
  const [seen, shared] = [new Set<number>(), new Set<number>()];
  for (const place of places) if (place !== null) (seen.has(place) ? shared : seen).add(place);
  return shared;
}

export function elapsed(race: Race, lane: LaneRace, now_ms: number): number {
  const offset = race.clocks[lane.job_id ?? ''];
  if (lane.started_ns === null || offset === undefined) return 0;
  return Math.max(0, now_ms - offset - lane.started_ns / 1e6);
}

/** How far a round is: by what it announced, else by the time that its last one took, else by the longest round of all. */
function fractionOf(lane: LaneRace, most: number, elapsed_ms: number): number | null {
  const done = lane.trace.points.at(-1)?.done ?? 0;
  const total = totalOf(lane);
  if (total !== null) return Math.min(1, Math.max(0, done / total));
  if (lane.ghost !== null) return Math.min(0.99, elapsed_ms / (lane.ghost.elapsed_ns / 1e6));
  return most > 0 && done > 0 ? Math.min(0.99, done / most) : null;
}

/** Where a lane is on a track that has a part for warm-ups, and one for each counted round. */
function position(lane: LaneRace, fraction: number): number {
  if (lane.state === 'done') return lane.rounds.length > 0 && lane.rounds.every(isInvalid) ? 0 : 1;
  const lead = lane.warmups > 0 ? LEAD_IN : 0;
  const ran = lane.ran + (lane.state === 'running' ? fraction : 0);
  if (ran === 0 && lane.state !== 'running') {
    const warmed = lane.warmed + (lane.state === 'warming' ? fraction : 0);
    return lead * Math.min(1, warmed / Math.max(1, lane.warmups));
  }
  return inRound(lane, ran);
}

function inRound(lane: LaneRace, rounds: number): number {
  const lead = lane.warmups > 0 ? LEAD_IN : 0;
  return lead + (1 - lead) * Math.min(1, rounds / Math.max(1, lane.planned));
}

function ghosts(resting: readonly LaneRace[], own: LaneRace, ms: number): GhostMark[] {
  return resting.flatMap((lane) => {
    const at = ghostAt(lane, ms);
    return at === null ? [] : [{ lane_id: lane.lane_id, label: lane.label, at: inRound(own, own.ran + at) }];
  });
}
