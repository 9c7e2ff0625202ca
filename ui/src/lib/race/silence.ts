/** Lanes that are not heard of any more: what they do is unknown, so their clocks stop. */

import type { LaneRace, Race } from './state';

/** How long nothing is heard before that is said. */
export const SILENCE_MS = 3_000;
/** Work that reports seldom is silent only after some of its own waits. */
const WAITS = 3;
/** A round with fewer reports than these may be one that makes none. */
const MIN_NEWS = 3;

export interface Silence {
  /** Since the last news, on the viewer's clock. */
  for_ms: number;
  /** The instant from which the lane counts as silent. */
  since_ms: number;
}

/** How long nothing was heard of a lane that should report; null where it does, or need not. */
export function silenceOf(race: Race, lane: LaneRace, now_ms: number): Silence | null {
  if (lane.started_ns === null || race.phase !== 'running') return null;
  const expected = lane.news >= MIN_NEWS ? ofLane(race, lane) : ofMachine(race, lane.machine_id);
  if (expected === null) return null;
  const since_ms = expected.last_ms + Math.max(SILENCE_MS, WAITS * expected.pace_ms);
  return now_ms <= since_ms ? null : { for_ms: now_ms - expected.last_ms, since_ms };
}

/** The viewer's clock, stopped where no running lane is heard of any more. */
export function stoppedClock(race: Race, now_ms: number): number {
  const silences = Object.values(race.lanes)
    .filter((lane) => lane.started_ns !== null)
    .map((lane) => silenceOf(race, lane, now_ms));
  if (silences.length === 0 || silences.includes(null)) return now_ms;
  return Math.max(...silences.map((silence) => silence?.since_ms ?? now_ms));
}

interface Expected {
  last_ms: number;
  pace_ms: number;
}

function ofLane(race: Race, lane: LaneRace): Expected | null {
  const offset = race.clocks[lane.job_id ?? ''];
  return offset === undefined ? null : { last_ms: offset + lane.news_ns / 1e6, pace_ms: lane.pace_ns / 1e6 };
}

/** A machine samples itself at a pace of its own; one that does not is not expected to. */
function ofMachine(race: Race, machine: string): Expected | null {
  const [before, last] = (race.samples[machine] ?? []).slice(-2);
  if (before === undefined || last === undefined || race.wall_ms === null) return null;
  return { last_ms: race.wall_ms + last.at_s * 1000, pace_ms: (last.at_s - before.at_s) * 1000 };
}
