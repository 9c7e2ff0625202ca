/** What is drawn at one instant: derived from a race and the viewer's clock, never stored. */

import { isFinal, isInvalid, type LaneRace, type Race } from './state';
import { doneAt } from './trace';

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
  /** 0 to 1, null where it is unknown and nothing can be compared with. */
  fraction: number | null;
  /** True where the end is not known and the track only compares amounts. */
  open: boolean;
  elapsed_ms: number | null;
  running: boolean;
  /** Others at the same time since their own start. */
  ghosts: GhostMark[];
  /** This lane's own last round, running along while another lane runs. */
  along: number | null;
  place: number | null;
  tied: boolean;
}

export function laneViews(race: Race, now_ms: number): LaneView[] {
  const lanes = race.order.flatMap((id) => race.lanes[id] ?? []);
  const most = Math.max(1, ...lanes.map(furthest));
  const running = lanes.filter((lane) => lane.started_ns !== null);
  const times = new Map(running.map((lane) => [lane.lane_id, elapsed(race, lane, now_ms)]));
  const leading = Math.max(0, ...times.values());
  return lanes.map((lane, index) => {
    const elapsed_ms = times.get(lane.lane_id) ?? null;
    const standing = race.standing?.places.find((each) => each.lane_id === lane.lane_id);
    const place = standing?.place ?? null;
    return {
      lane,
      index,
      fraction: fraction(lane, most),
      open: total(lane) === null,
      elapsed_ms,
      running: elapsed_ms !== null,
      ghosts: elapsed_ms === null ? [] : ghosts(lanes, lane, elapsed_ms, most),
      along: elapsed_ms === null && running.length > 0 ? ghostAt(lane, leading, most) : null,
      place,
      tied: place !== null && (race.standing?.places.filter((e) => e.place === place).length ?? 0) > 1,
    };
  });
}

/** How long the race has been on, in ms; null before it starts. */
export function raceElapsed(race: Race, now_ms: number): number | null {
  if (race.started_s === null) return null;
  if (race.ended_s !== null) return (race.ended_s - race.started_s) * 1000;
  return Math.max(0, now_ms - (race.wall_ms ?? now_ms) - race.started_s * 1000);
}

/** Estimate what is left, in ms: lanes of one machine take turns, machines run side by side. */
export function raceRemaining(race: Race, now_ms: number): number | null {
  if (race.phase === 'over') return 0;
  const machines = new Map<string, number>();
  for (const lane of Object.values(race.lanes)) {
    const left = laneRemaining(race, lane, now_ms);
    if (left === null) return null;
    machines.set(lane.machine_id, (machines.get(lane.machine_id) ?? 0) + left);
  }
  return Math.max(0, ...machines.values());
}

function laneRemaining(race: Race, lane: LaneRace, now_ms: number): number | null {
  if (isFinal(lane.state)) return 0;
  const spent = lane.rounds.filter((round) => !isInvalid(round));
  const running = lane.started_ns === null ? 0 : elapsed(race, lane, now_ms);
  const known = total(lane);
  const done = lane.trace.points.at(-1)?.done ?? 0;
  let one: number;
  if (spent.length > 0) one = spent.reduce((sum, each) => sum + each.elapsed_ns, 0) / 1e6 / spent.length;
  else if (known !== null && done > 0 && running > 0) one = (running * known) / done;
  else return null;
  const ran = lane.rounds.filter((round) => !round.warmup).length;
  const warm = lane.state === 'warming' ? Math.max(0, one - running) : 0;
  const now = lane.state === 'running' ? Math.min(one, running) : 0;
  return Math.max(0, one * (lane.planned - ran) - now + warm);
}

export function elapsed(race: Race, lane: LaneRace, now_ms: number): number {
  const offset = race.clocks[lane.job_id ?? ''];
  if (lane.started_ns === null || offset === undefined) return 0;
  return Math.max(0, now_ms - offset - lane.started_ns / 1e6);
}

function total(lane: LaneRace): number | null {
  const said = lane.traced === 'progress' ? lane.progress?.total : null;
  return said !== undefined && said !== null && said > 0 ? said : null;
}

function fraction(lane: LaneRace, most: number): number | null {
  if (lane.state === 'waiting') return 0;
  const amount = lane.trace.points.at(-1)?.done ?? 0;
  if (lane.state === 'done' || lane.state === 'resting') return lane.rounds.length > 0 && lane.rounds.every(isInvalid) ? 0 : 1;
  const known = total(lane) ?? (amount > 0 ? most : null);
  return known === null ? null : Math.min(1, Math.max(0, amount / known));
}

function furthest(lane: LaneRace): number {
  return Math.max(lane.trace.points.at(-1)?.done ?? 0, lane.ghost?.trace.points.at(-1)?.done ?? 0);
}

function ghosts(lanes: LaneRace[], own: LaneRace, ms: number, most: number): GhostMark[] {
  return lanes.flatMap((lane) => {
    if (lane === own || lane.started_ns !== null) return [];
    const at = ghostAt(lane, ms, most);
    return at === null ? [] : [{ lane_id: lane.lane_id, label: lane.label, at }];
  });
}

function ghostAt(lane: LaneRace, ms: number, most: number): number | null {
  const { ghost } = lane;
  if (ghost === null) return null;
  if (ms >= ghost.elapsed_ns / 1e6) return 1;
  const end = ghost.total ?? Math.max(most, 1);
  return Math.min(1, Math.max(0, doneAt(ghost.trace, ms) / end));
}

/** Every lane in its last counted round, `ms` after its own start: a photograph of the finish. */
export function photograph(race: Race, ms: number): ReadonlyMap<string, number> {
  const lanes = Object.values(race.lanes);
  const most = Math.max(1, ...lanes.map(furthest));
  return new Map(
    lanes.flatMap((lane) => {
      const at = ghostAt(lane, ms, most);
      return at === null ? [] : [[lane.lane_id, at] as const];
    }),
  );
}

/** When the first and the last lane ended their last counted rounds, in ms since their starts. */
export function finishTimes(race: Race): { first: number; last: number } | null {
  const times = Object.values(race.lanes).flatMap((lane) => (lane.ghost ? lane.ghost.elapsed_ns / 1e6 : []));
  return times.length === 0 ? null : { first: Math.min(...times), last: Math.max(...times) };
}
