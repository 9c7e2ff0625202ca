/** What one event does to one lane. Pure: the lane given stays as it is. */

import type { Failure, Known, RoundDone } from '../events/types';
import { factsOf } from './facts';
import { isFinal, NOTHING, type LaneRace, type RoundMark, type Window } from './state';
import { EMPTY, extend } from './trace';

/** How much text of a round is kept; older text is cut off at a line where there is one. */
export const TEXT_WINDOW = 4_000;
/** The unit by which a backend tells how much of a prompt its engine has read. */
const PREFILL = 'prompt tokens';
/** Marks of finished rounds that are kept for drawing; all of them are in central's document. */
const MOST_MARKS = 400;

export function applyToLane(lane: LaneRace, event: Known): LaneRace {
  if (isOver(lane)) return lane;
  switch (event.type) {
    case 'round_start':
      return start(lane, event.round, event.t_ns, event.payload.warmup, event.job_id);
    case 'progress':
      return advance(lane, event.t_ns, event.payload);
    case 'llm_token':
      return event.payload.reasoning === true
        ? think(lane, event.t_ns, text(event.payload.text))
        : say(lane, event.t_ns, text(event.payload.text));
    case 'compute_line':
      return say(lane, event.t_ns, `${text(event.payload.line)}\n`);
    case 'round_done':
      return end(lane, event.round ?? 0, event.payload);
    case 'lane_error':
      return { ...lane, state: 'failed', started_ns: null, error: event.payload.error };
    default:
      return lane;
  }
}

/** End a lane with its job. */
export function close(lane: LaneRace, event: Known): LaneRace {
  if (isOver(lane)) return lane;
  switch (event.type) {
    case 'job_done':
      return { ...lane, started_ns: null, state: lane.counted > 0 ? 'done' : 'failed' };
    case 'job_cancelled':
      return { ...lane, started_ns: null, state: 'cancelled', error: cancelled(event.payload) };
    case 'job_error':
    case 'job_timeout':
      return { ...lane, started_ns: null, state: 'failed', error: event.payload };
    default:
      return lane;
  }
}

/** A lane that only its run's end has cancelled goes on where its lines come late. */
function isOver(lane: LaneRace): boolean {
  return isFinal(lane.state) && (lane.state !== 'cancelled' || lane.error !== null);
}

function start(
  lane: LaneRace,
  round: number | null,
  t_ns: number,
  warmup: boolean,
  job_id: string | null,
): LaneRace {
  return {
    ...lane,
    job_id,
    state: warmup ? 'warming' : 'running',
    round,
    started_ns: t_ns,
    progress: null,
    traced: 'characters',
    characters: 0,
    trace: EMPTY,
    text: '',
    dropped: 0,
    thought: NOTHING,
    first_ns: null,
    prefill: null,
  };
}

function advance(
  lane: LaneRace,
  t_ns: number,
  said: { done: number; total: number | null; unit: string },
): LaneRace {
  // Reading the prompt comes before the answer, and is no part of how far that is.
  if (said.unit === PREFILL) return { ...lane, prefill: said };
  const trace = lane.traced === 'progress' ? lane.trace : EMPTY;
  return {
    ...lane,
    progress: said,
    traced: 'progress',
    trace: extend(trace, since(lane, t_ns), said.done),
  };
}

function say(lane: LaneRace, t_ns: number, more: string): LaneRace {
  const said = added(lane, more);
  return { ...lane, ...said, ...heard(lane, t_ns, said.characters + lane.thought.characters) };
}

function think(lane: LaneRace, t_ns: number, more: string): LaneRace {
  const thought = added(lane.thought, more);
  return { ...lane, thought, ...heard(lane, t_ns, lane.characters + thought.characters) };
}

/** Thinking is work as well: it counts for how far a lane is. */
function heard(lane: LaneRace, t_ns: number, characters: number): Pick<LaneRace, 'first_ns' | 'trace'> {
  const traced = lane.traced === 'characters' && characters > 0;
  return {
    first_ns: lane.first_ns ?? (characters > 0 ? t_ns : null),
    trace: traced ? extend(lane.trace, since(lane, t_ns), characters) : lane.trace,
  };
}

function added(before: Window, more: string): Window {
  const whole = before.text + more;
  const kept = whole.length > TEXT_WINDOW ? tail(whole) : whole;
  return {
    text: kept,
    characters: before.characters + more.length,
    dropped: before.dropped + lineEnds(whole, whole.length - kept.length),
  };
}

/** Cut with some room, so that not every token cuts again. */
function tail(whole: string): string {
  const kept = whole.slice(-Math.floor(TEXT_WINDOW * 0.75));
  const line = kept.indexOf('\n');
  return line >= 0 && line < 200 ? kept.slice(line + 1) : kept;
}

function lineEnds(text: string, before: number): number {
  if (before === 0) return 0; // most tokens cut nothing, and looking would make the text one piece
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < before; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function end(lane: LaneRace, round: number, done: RoundDone): LaneRace {
  const mark: RoundMark = {
    round,
    warmup: done.warmup,
    level: done.verdict.level,
    reasons: done.verdict.reasons,
    elapsed_ns: done.elapsed_ns,
    error: done.error ?? null,
  };
  const counts = !done.warmup && mark.level !== 'INVALID';
  const ms = done.elapsed_ns / 1e6;
  const last = lane.trace.points.at(-1)?.done ?? 0;
  const total = (lane.traced === 'progress' ? lane.progress?.total : null) ?? null;
  const trace = extend(lane.trace, ms, total ?? last);
  const ran = lane.rounds.filter((each) => !each.warmup).length + (done.warmup ? 0 : 1);
  return {
    ...lane,
    trace,
    started_ns: null,
    measured: done.measured,
    facts: factsOf(done.record) ?? lane.facts,
    rounds: [...lane.rounds, mark].slice(-MOST_MARKS),
    counted: lane.counted + (counts ? 1 : 0),
    ghost: counts ? { round, elapsed_ns: done.elapsed_ns, trace, total } : lane.ghost,
    state: ran >= lane.planned ? 'done' : 'resting',
  };
}

function since(lane: LaneRace, t_ns: number): number {
  return Math.max(0, (t_ns - (lane.started_ns ?? t_ns)) / 1e6);
}

function text(said: unknown): string {
  return typeof said === 'string' ? said : '';
}

function cancelled(payload: { reason: string }): Failure {
  return { category: 'cancelled', message: payload.reason, remedy: 'Run it again if that was not meant.' };
}
