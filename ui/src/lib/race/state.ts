/** A race as the page draws it: what the log says, and no statistics. */

import type {
  Failure,
  Level,
  Measured,
  Reason,
  RuntimeSample,
  Standing,
} from '../events/types';
import type { RunDocument } from '../api/documents';
import type { Facts } from './facts';
import { EMPTY, type Trace } from './trace';

export type LaneState =
  | 'waiting'
  | 'warming'
  | 'running'
  | 'resting'
  | 'done'
  | 'failed'
  | 'cancelled';

export interface Progress {
  done: number;
  total: number | null;
  unit: string;
  /** What runs now, where a round has several parts. */
  phase?: string;
}

export interface Preview {
  media_type: string;
  data: string;
}

/** A finished round. */
export interface RoundMark {
  round: number;
  warmup: boolean;
  level: Level;
  reasons: Reason[];
  elapsed_ns: number;
  error: Failure | null;
  /** What its image was made from; null where it made none. */
  seed: number | null;
}

/** The latest finished counted round of a lane, to race against. */
export interface Ghost {
  round: number;
  elapsed_ns: number;
  trace: Trace;
  traced: LaneRace['traced'];
  total: number | null;
}

export interface Window {
  text: string;
  characters: number;
  dropped: number;
}

export const NOTHING: Window = { text: '', characters: 0, dropped: 0 };

export interface LaneRace {
  lane_id: string;
  label: string;
  machine_id: string;
  backend: string;
  job_id: string | null;
  /** Whether other machines generate load for it as well: its events are then of a part. */
  shared: boolean;
  planned: number;
  warmups: number;
  /** How many of each are over. */
  ran: number;
  warmed: number;
  /** The most tokens that a round may write; null where the work is none of text. */
  max_tokens: number | null;
  state: LaneState;
  round: number | null;
  /** On the job's clock; null while no round runs. */
  started_ns: number | null;
  progress: Progress | null;
  /** What the trace follows: `progress`, or the tokens or characters that came. */
  traced: 'progress' | 'tokens' | 'characters';
  characters: number;
  /** About how many tokens came in this round; null where the log does not say. */
  tokens: number | null;
  /** The last event on the job's clock, how many the round has had, and the longest wait between two. */
  news_ns: number;
  news: number;
  pace_ns: number;
  trace: Trace;
  ghost: Ghost | null;
  rounds: readonly RoundMark[];
  counted: number;
  /** What this round said, its last part only. */
  text: string;
  /** How many whole lines before it were cut off. */
  dropped: number;
  /** What a model thought before it answered, a window of it too. */
  thought: Window;
  /** When the round's first text was seen, on the job's clock: for the eye, not measured. */
  first_ns: number | null;
  /** How much of the prompt the engine has read, where it tells. */
  prefill: Progress | null;
  /** A small image of what this round is making, in Base64. */
  preview: Preview | null;
  /** What the last round measured, and the facts around it where it was of text. */
  measured: readonly Measured[];
  facts: Facts | null;
  error: Failure | null;
  /** The order of finishing, from 1. */
  finish: number | null;
}

export interface Sample extends RuntimeSample {
  at_s: number;
}

export interface LogLine {
  at_s: number;
  level: string;
  message: string;
  source: string;
  machine_id: string | null;
}

export interface Race {
  run_id: string;
  phase: 'waiting' | 'running' | 'over';
  lanes: Readonly<Record<string, LaneRace>>;
  order: readonly string[];
  standing: Standing | null;
  samples: Readonly<Record<string, readonly Sample[]>>;
  logs: readonly LogLine[];
  heat: number | null;
  staggered: boolean;
  started_s: number | null;
  ended_s: number | null;
  end_reason: string | null;
  finished: number;
  /** How many events counted, and the next `seq` of each stream: duplicates change nothing. */
  events: number;
  next: Readonly<Record<string, number>>;
  /** The viewer's clock minus each job's, and minus wall time, in ms: the least delay seen. */
  clocks: Readonly<Record<string, number>>;
  wall_ms: number | null;
}

export function begin(run: RunDocument): Race {
  const lanes: Record<string, LaneRace> = {};
  for (const lane of run.lanes) {
    lanes[lane.lane_id] = {
      lane_id: lane.lane_id,
      label: lane.label,
      machine_id: lane.machine_id,
      backend: lane.backend,
      job_id: lane.job_id,
      shared: (lane.clients ?? []).length > 0,
      planned: run.rounds,
      warmups: run.warmup,
      ran: 0,
      warmed: 0,
      max_tokens: positive(lane.params.max_tokens),
      state: 'waiting',
      round: null,
      started_ns: null,
      progress: null,
      traced: 'characters',
      characters: 0,
      tokens: null,
      news_ns: 0,
      news: 0,
      pace_ns: 0,
      trace: EMPTY,
      ghost: null,
      rounds: [],
      counted: 0,
      text: '',
      thought: NOTHING,
      first_ns: null,
      dropped: 0,
      prefill: null,
      preview: null,
      measured: [],
      facts: null,
      error: null,
      finish: null,
    };
  }
  return {
    run_id: run.run_id,
    phase: 'waiting',
    lanes,
    order: run.lanes.map((lane) => lane.lane_id),
    standing: null,
    samples: {},
    logs: [],
    heat: null,
    staggered: false,
    started_s: null,
    ended_s: null,
    end_reason: null,
    finished: 0,
    events: 0,
    next: {},
    clocks: {},
    wall_ms: null,
  };
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

export function isInvalid(round: RoundMark): boolean {
  return round.level === 'INVALID';
}

export function isFinal(state: LaneState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}
