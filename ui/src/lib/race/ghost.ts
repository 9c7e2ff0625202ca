/** The last counted rounds of lanes, to race against: where they were, and how far apart they are. */

import { totalOf } from './lane';
import type { Ghost, LaneRace, Race } from './state';
import { doneAt, msAt } from './trace';

/** So early in a round a difference is that of a single report. */
const MIN_FRACTION = 0.05;

/** Where a lane was in its last counted round, `ms` after its start; null where it has none. */
export function ghostAt(lane: LaneRace, ms: number): number | null {
  const { ghost } = lane;
  if (ghost === null) return null;
  if (ms >= ghost.elapsed_ns / 1e6) return 1;
  const end = ghost.total ?? ghost.trace.points.at(-1)?.done ?? 0;
  return end <= 0 ? 0 : Math.min(1, Math.max(0, doneAt(ghost.trace, ms) / end));
}

/** Every lane in its last counted round, `ms` after its own start: a photograph of the finish. */
export function photograph(race: Race, ms: number): ReadonlyMap<string, number> {
  return new Map(
    Object.values(race.lanes).flatMap((lane) => {
      const at = ghostAt(lane, ms);
      return at === null ? [] : [[lane.lane_id, at] as const];
    }),
  );
}

/** When the first and the last lane ended their last counted rounds, in ms since their starts. */
export function finishTimes(race: Race): { first: number; last: number } | null {
  const times = Object.values(race.lanes).flatMap((lane) => (lane.ghost ? lane.ghost.elapsed_ns / 1e6 : []));
  return times.length === 0 ? null : { first: Math.min(...times), last: Math.max(...times) };
}

export interface Split {
  /** Less than nothing where the lane is ahead. */
  ms: number;
  label: string;
}

/** Lanes that have a last counted round, best first: by the standing, and where it does not tell by their times. */
export function rivals(race: Race): LaneRace[] {
  const places = new Map(race.standing?.places.map((place, index) => [place.lane_id, place.place === null ? Infinity : index]));
  const rank = (lane: LaneRace) => places.get(lane.lane_id) ?? Infinity;
  const time = (lane: LaneRace) => lane.ghost?.elapsed_ns ?? Infinity;
  return Object.values(race.lanes)
    .filter((lane) => lane.ghost !== null)
    .sort((one, other) => (rank(one) === rank(other) ? time(one) - time(other) : rank(one) - rank(other)));
}

/** How far a lane is ahead of the first of the others or behind it: at the same part of a round, or in their last ones. */
export function splitOf(rivals: readonly LaneRace[], lane: LaneRace, fraction: number | null, elapsed_ms: number | null): Split | null {
  const rival = rivals.find((other) => other.lane_id !== lane.lane_id);
  if (rival?.ghost == null || lane.state === 'warming') return null;
  if (lane.state !== 'running') {
    return lane.ghost === null ? null : { ms: (lane.ghost.elapsed_ns - rival.ghost.elapsed_ns) / 1e6, label: rival.label };
  }
  if (fraction === null || fraction < MIN_FRACTION || elapsed_ms === null || totalOf(lane) === null) return null;
  return { ms: elapsed_ms - timeOf(rival.ghost, fraction), label: rival.label };
}

function timeOf(ghost: Ghost, fraction: number): number {
  const end = ghost.total ?? ghost.trace.points.at(-1)?.done ?? 0;
  return Math.min(ghost.elapsed_ns / 1e6, msAt(ghost.trace, fraction * end) ?? Infinity);
}
