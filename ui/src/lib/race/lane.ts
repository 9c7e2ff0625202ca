/** What one event does to one lane. Pure: the lane given stays as it is. */

import type { Failure, Known, RoundDone } from '../events/types';
import { factsOf, seedOf } from './facts';
import { isFinal, NOTHING, type LaneRace, type LaneState, type Progress, type RoundMark, type Window } from './state';
import { EMPTY, extend } from './trace';

/** How much text of a round is kept; older text is cut off at a line where there is one. */
export const TEXT_WINDOW = 4_000;
/** The unit by which a backend tells how much of a prompt its engine has read. */
const PREFILL = 'prompt tokens';
/** Marks of finished rounds that are kept for drawing; all of them are in central's document. */
const MAX_MARKS = 400;

export function applyToLane(lane: LaneRace, event: Known): LaneRace {
  if (isOver(lane)) return lane;
  const after = step(lane, event);
  return after === lane ? lane : { ...after, ...heard(lane, event) };
}

/** When something came, and how long that took: the wait for a round's first output is no measure. */
function heard(lane: LaneRace, event: Known): Pick<LaneRace, 'news_ns' | 'news' | 'pace_ns'> {
  const news = event.type === 'round_start' ? 0 : lane.news + 1;
  const gap = news > 2 ? event.t_ns - lane.news_ns : 0;
  return { news_ns: Math.max(lane.news_ns, event.t_ns), news, pace_ns: Math.max(lane.pace_ns, gap) };
}

function step(lane: LaneRace, event: Known): LaneRace {
  switch (event.type) {
    case 'round_start':
      return start(lane, event.round, event.t_ns, event.payload.warmup, event.job_id);
    case 'progress':
      return advance(lane, event.t_ns, event.payload);
    case 'preview':
      return { ...lane, preview: event.payload };
    case 'llm_token':
      return event.payload.reasoning === true
        ? think(lane, event.t_ns, text(event.payload.text), event.payload.pieces)
        : say(lane, event.t_ns, text(event.payload.text), event.payload.pieces);
    case 'compute_line':
      return say(lane, event.t_ns, `${text(event.payload.line)}\n`, undefined);
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
      return { ...lane, started_ns: null, state: outcome(lane.counted) };
    case 'job_cancelled':
      return { ...lane, started_ns: null, state: 'cancelled', error: cancelled(event.payload) };
    case 'job_error':
    case 'job_timeout':
      return { ...lane, started_ns: null, state: 'failed', error: event.payload };
    default:
      return lane;
  }
}

/** The state of a lane whose rounds are over. */
function outcome(counted: number): LaneState {
  return counted > 0 ? 'done' : 'failed';
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
    tokens: null,
    trace: EMPTY,
    text: '',
    dropped: 0,
    thought: NOTHING,
    first_ns: null,
    prefill: null,
    preview: null,
  };
}

function advance(
  lane: LaneRace,
  t_ns: number,
  part: Progress,
): LaneRace {
  // Reading the prompt comes before the answer, and is no part of how far that is.
  if (part.unit === PREFILL) return { ...lane, prefill: part };
  // Before a round there is nothing to draw: a file comes, or an engine is waited for.
  if (lane.started_ns === null) return { ...lane, progress: part };
  const trace = lane.traced === 'progress' ? lane.trace : EMPTY;
  return {
    ...lane,
    progress: part,
    traced: 'progress',
    trace: extend(trace, since(lane, t_ns), part.done),
  };
}

function say(lane: LaneRace, t_ns: number, more: string, pieces: number | undefined): LaneRace {
  const part = added(lane, more);
  return { ...lane, ...part, ...output(lane, t_ns, part.characters + lane.thought.characters, pieces) };
}

function think(lane: LaneRace, t_ns: number, more: string, pieces: number | undefined): LaneRace {
  const thought = added(lane.thought, more);
  return { ...lane, thought, ...output(lane, t_ns, lane.characters + thought.characters, pieces) };
}

type Output = Pick<LaneRace, 'first_ns' | 'trace' | 'traced' | 'tokens'>;

/** Thinking is work as well: it counts for how far a lane is. */
function output(lane: LaneRace, t_ns: number, characters: number, pieces: number | undefined): Output {
  const first_ns = lane.first_ns ?? (characters > 0 ? t_ns : null);
  const tokens = typeof pieces === 'number' ? (lane.tokens ?? 0) + pieces : lane.tokens;
  if (lane.traced === 'progress' || characters === 0) return { first_ns, tokens, traced: lane.traced, trace: lane.trace };
  const traced = tokens === null ? 'characters' : 'tokens';
  return { first_ns, tokens, traced, trace: extend(lane.trace, since(lane, t_ns), tokens ?? characters) };
}

function added(before: Window, more: string): Window {
  const whole = before.text + more;
  const shown = whole.length > TEXT_WINDOW ? tail(whole) : whole;
  return {
    text: shown,
    characters: before.characters + more.length,
    dropped: before.dropped + lineEnds(whole, whole.length - shown.length),
  };
}

/** Cut with some room, so that not every token cuts again. */
function tail(whole: string): string {
  const shown = whole.slice(-Math.floor(TEXT_WINDOW * 0.75));
  const line = shown.indexOf('\n');
  return line >= 0 && line < 200 ? shown.slice(line + 1) : shown;
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
    seed: seedOf(done.record),
  };
  const counts = !done.warmup && mark.level !== 'INVALID';
  const ms = done.elapsed_ns / 1e6;
  const last = lane.trace.points.at(-1)?.done ?? 0;
  const total = totalOf(lane);
  // A text may end before its longest; work that is counted to its end is then done.
  const trace = extend(lane.trace, ms, lane.traced === 'progress' ? (total ?? last) : last);
  const ran = lane.ran + (done.warmup ? 0 : 1);
  const counted = lane.counted + (counts ? 1 : 0);
  return {
    ...lane,
    trace,
    started_ns: null,
    // One machine's part of a round says nothing of the lane; the document has what all did.
    measured: lane.shared ? lane.measured : done.measured,
    facts: factsOf(done.record) ?? lane.facts,
    rounds: [...lane.rounds, mark].slice(-MAX_MARKS),
    counted,
    ran,
    warmed: lane.warmed + (done.warmup ? 1 : 0),
    ghost: counts ? { round, elapsed_ns: done.elapsed_ns, trace, traced: lane.traced, total } : lane.ghost,
    state: ran >= lane.planned ? outcome(counted) : 'resting',
  };
}

/** What a round comes to at its end, in the unit of its trace; null where nobody announced it. */
export function totalOf(lane: LaneRace): number | null {
  const total = lane.traced === 'progress' ? lane.progress?.total : lane.traced === 'tokens' ? lane.max_tokens : null;
  return typeof total === 'number' && total > 0 ? total : null;
}

function since(lane: LaneRace, t_ns: number): number {
  return Math.max(0, (t_ns - (lane.started_ns ?? t_ns)) / 1e6);
}

function text(part: unknown): string {
  return typeof part === 'string' ? part : '';
}

function cancelled(payload: { reason: string }): Failure {
  return { category: 'cancelled', message: payload.reason, remedy: 'Start the run again if this was unintended.' };
}
