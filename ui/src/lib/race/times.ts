/** How long a race has been on, and about how long it will be. */

import { totalOf } from './lane';
import { silenceOf, stoppedClock } from './silence';
import { isFinal, isInvalid, type LaneRace, type Race } from './state';
import { elapsed } from './view';

/** How long the race has been on, in ms; null before it starts. */
export function raceElapsed(race: Race, now_ms: number): number | null {
  if (race.started_s === null) return null;
  if (race.ended_s !== null) return (race.ended_s - race.started_s) * 1000;
  const clock = stoppedClock(race, now_ms);
  return Math.max(0, clock - (race.wall_ms ?? clock) - race.started_s * 1000);
}

/** Estimate what is left, in ms: lanes of one machine take turns, machines run side by side. */
export function raceRemaining(race: Race, now_ms: number): number | null {
  if (race.phase === 'over') return 0;
  const lanes = Object.values(race.lanes);
  const times = new Map(lanes.map((lane) => [lane, roundTime(race, lane, now_ms)]));
  // A lane of which nothing is known yet is taken for one like the slowest.
  const slowest = Math.max(...[...times.values()].map((ms) => ms ?? 0));
  const machines = new Map<string, number>();
  for (const lane of lanes) {
    const left = isFinal(lane.state) ? 0 : laneRemaining(race, lane, times.get(lane) || slowest, now_ms);
    if (left === null) return null;
    machines.set(lane.machine_id, (machines.get(lane.machine_id) ?? 0) + left);
  }
  return Math.max(0, ...machines.values());
}

/** What a round of a lane takes, by those that are over or by how far the first one is. */
function roundTime(race: Race, lane: LaneRace, now_ms: number): number | null {
  const spent = lane.rounds.filter((round) => !isInvalid(round));
  if (spent.length > 0) return spent.reduce((sum, round) => sum + round.elapsed_ns, 0) / 1e6 / spent.length;
  const total = totalOf(lane);
  const done = lane.trace.points.at(-1)?.done ?? 0;
  const running = runningFor(race, lane, now_ms);
  return total !== null && done > 0 && running > 0 ? (running * total) / done : null;
}

function laneRemaining(race: Race, lane: LaneRace, one: number, now_ms: number): number | null {
  if (one <= 0) return null;
  const now = Math.min(one, runningFor(race, lane, now_ms));
  const rounds = Math.max(0, lane.planned - lane.ran) + Math.max(0, lane.warmups - lane.warmed);
  return Math.max(0, one * rounds - now);
}

function runningFor(race: Race, lane: LaneRace, now_ms: number): number {
  return lane.started_ns === null ? 0 : elapsed(race, lane, silenceOf(race, lane, now_ms)?.since_ms ?? now_ms);
}
