/** The reducer: a race and lines of its log in, the race after them out. No clock, no I/O. */

import { readEvent } from '../events/read';
import type { Known, Lifecycle } from '../events/types';
import { applyToLane, close } from './lane';
import { isFinal, type LaneRace, type Race, type Sample } from './state';

/** Five minutes at two samples a second. */
export const MAX_SAMPLES = 600;
const MAX_LOGS = 200;

/** A race while it changes: its parts are copied when they change, the one given never does. */
type Draft = { -readonly [Key in keyof Race]: Race[Key] } & {
  lanes: Record<string, LaneRace>;
  samples: Record<string, readonly Sample[]>;
  next: Record<string, number>;
  clocks: Record<string, number>;
};

/** Take whole lines; `at_ms` is when they arrived, on the viewer's clock. */
export function reduce(race: Race, lines: readonly string[], at_ms: number): Race {
  return fold(race, lines.map(readEvent), at_ms);
}

/** The same with events that were read already. */
export function fold(race: Race, events: readonly (Known | null)[], at_ms: number): Race {
  if (events.length === 0) return race;
  const draft: Draft = {
    ...race,
    lanes: { ...race.lanes },
    samples: { ...race.samples },
    next: { ...race.next },
    clocks: { ...race.clocks },
  };
  for (const event of events) {
    if (event !== null && isNew(draft, event)) apply(draft, event, at_ms);
  }
  return draft;
}

function isNew(draft: Draft, event: Known): boolean {
  const stream = `${event.job_id ?? ''}/${event.stream}`;
  if (event.seq < (draft.next[stream] ?? 0)) return false;
  draft.next[stream] = event.seq + 1;
  draft.events += 1;
  return true;
}

function apply(draft: Draft, event: Known, at_ms: number): void {
  hear(draft, event, at_ms);
  switch (event.type) {
    case 'run_lifecycle':
      lifecycle(draft, event.payload, event.timestamp_s);
      return;
    case 'standing':
      draft.standing = event.payload;
      return;
    case 'runtime_sample':
      sample(draft, event.machine_id ?? '', { ...event.payload, at_s: event.timestamp_s });
      return;
    case 'log':
      draft.logs = [
        ...draft.logs,
        { ...event.payload, at_s: event.timestamp_s, machine_id: event.machine_id },
      ].slice(-MAX_LOGS);
      return;
    case 'job_done':
    case 'job_error':
    case 'job_timeout':
    case 'job_cancelled':
      for (const lane of Object.values(draft.lanes)) {
        if (belongs(lane, event)) put(draft, close(lane, event));
      }
      return;
    default: {
      const lane = event.lane_id === null ? undefined : draft.lanes[event.lane_id];
      if (lane === undefined || !belongs(lane, event)) return;
      begun(draft, event.timestamp_s);
      put(draft, applyToLane(lane, event));
    }
  }
}

/** The least delay seen is the nearest to none: what comes late says nothing of the clock. */
function hear(draft: Draft, event: Known, at_ms: number): void {
  const wall = at_ms - event.timestamp_s * 1000;
  draft.wall_ms = draft.wall_ms === null ? wall : Math.min(draft.wall_ms, wall);
  if (event.job_id === null) return;
  const offset = at_ms - event.t_ns / 1e6;
  const clock = draft.clocks[event.job_id];
  draft.clocks[event.job_id] = clock === undefined ? offset : Math.min(clock, offset);
}

function belongs(lane: LaneRace, event: Known): boolean {
  if (lane.job_id !== null) return event.job_id === lane.job_id;
  return event.machine_id === null || event.machine_id === lane.machine_id;
}

function put(draft: Draft, lane: LaneRace): void {
  if (lane.state === 'done' && lane.finish === null) {
    draft.finished += 1;
    lane = { ...lane, finish: draft.finished };
  }
  draft.lanes[lane.lane_id] = lane;
}

function begun(draft: Draft, at_s: number): void {
  if (draft.phase !== 'waiting') return;
  draft.phase = 'running';
  draft.started_s ??= at_s;
}

function lifecycle(draft: Draft, event: Lifecycle, at_s: number): void {
  switch (event.phase) {
    case 'run_start':
      begun(draft, at_s);
      return;
    case 'heat_start':
      begun(draft, at_s);
      draft.heat = event.heat ?? draft.heat;
      draft.staggered ||= event.staggered === true;
      return;
    case 'run_end':
      draft.phase = 'over';
      // A run that had late lines ends once more; it was over before.
      draft.ended_s ??= at_s;
      draft.end_reason = event.reason ?? null;
      for (const lane of Object.values(draft.lanes)) {
        if (!isFinal(lane.state)) put(draft, { ...lane, state: 'cancelled', started_ns: null });
      }
  }
}

function sample(draft: Draft, machine: string, taken: Sample): void {
  const before = draft.samples[machine] ?? [];
  draft.samples[machine] = [...before, taken].slice(-MAX_SAMPLES);
}
