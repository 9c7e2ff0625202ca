/** A stored log as a tape: every line with its time, and the race at any moment of it. */

import type { RunDocument } from '../../lib/api/documents';
import { reduce } from '../../lib/race/reduce';
import { begin, type Race } from '../../lib/race/state';

interface Stamp {
  job_id: string | null;
  t_ns: number;
  at_ms: number;
}

export interface Tape {
  lines: readonly string[];
  /** When each line was written, in wall ms; never falls. */
  times: Float64Array;
  from_ms: number;
  length_ms: number;
  first: Race;
}

/** Between two races that are kept. */
const KEEP_EVERY = 2_000;
/** Wall clocks that are further apart than this are not set right: the job begins where it came. */
const OFF_MS = 2_000;

/** Takes a log as it comes: each piece is read at once, so that the end brings no long wait. */
export class Recording {
  private readonly lines: string[] = [];
  private readonly stamps: Stamp[] = [];

  /** Read whole lines; what has no time of its own, and the raw stamps, are left out. */
  add(lines: readonly string[]): this {
    for (const line of lines) {
      const stamp = stampOf(line);
      if (stamp === null) continue;
      this.lines.push(line);
      this.stamps.push(stamp);
    }
    return this;
  }

  tape(run: RunDocument): Tape {
    const times = inOrder(this.stamps);
    const from_ms = times[0] ?? 0;
    const length_ms = (times.at(-1) ?? from_ms) - from_ms;
    const first = { ...begin(unwritten(run)), clocks: clocks(this.stamps, times), wall_ms: 0 };
    return { lines: this.lines, times, from_ms, length_ms, first };
  }
}

export function tape(run: RunDocument, all: readonly string[]): Tape {
  return new Recording().add(all).tape(run);
}

/** A run as it was before it began, so that its end is not told. */
export function unwritten(run: RunDocument): RunDocument {
  const lanes = run.lanes.map((lane) => ({
    ...lane,
    counted: 0,
    discarded: 0,
    verdict: null,
    marks: [],
    error: null,
    summary: {},
    rounds: [],
  }));
  return { ...run, lanes, standing: null, winner: null, winner_reason: null, heats: [], failure: null };
}

/** Finds the race at a time: goes on where it can, and begins at a kept one where it must. */
export class Reader {
  private at = 0;
  private race: Race;
  private readonly kept: { at: number; race: Race }[];

  constructor(private readonly tape: Tape) {
    this.race = tape.first;
    this.kept = [{ at: 0, race: tape.first }];
  }

  /** The race `ms` after the beginning. */
  read(ms: number): Race {
    const { times, from_ms } = this.tape;
    const end = upTo(times, from_ms + ms);
    if (end < this.at) this.back(end);
    while (this.at < end) this.on(Math.min(end, (Math.floor(this.at / KEEP_EVERY) + 1) * KEEP_EVERY));
    return this.race;
  }

  private back(end: number): void {
    const found = this.kept.findLast((each) => each.at <= end) ?? this.kept[0];
    if (found === undefined) return;
    this.at = found.at;
    this.race = found.race;
  }

  private on(end: number): void {
    const { lines, times } = this.tape;
    this.race = reduce(this.race, lines.slice(this.at, end), times[end - 1] ?? 0);
    this.at = end;
    const last = this.kept.at(-1)?.at ?? 0;
    if (end % KEEP_EVERY === 0 && end > last) this.kept.push({ at: end, race: this.race });
  }
}

/** How many times are at or before `ms`. */
function upTo(times: Float64Array, ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keep the order of the log: a machine whose clock is wrong is moved to where its lines stand. */
function inOrder(stamps: readonly Stamp[]): Float64Array {
  const times = new Float64Array(stamps.length);
  const moved = new Map<string, number>();
  let latest: number | null = null;
  stamps.forEach((stamp, index) => {
    const job = stamp.job_id ?? '';
    let by = moved.get(job);
    if (by === undefined) {
      const off = latest === null ? 0 : latest - stamp.at_ms;
      by = job !== '' && Math.abs(off) > OFF_MS ? off : 0;
      moved.set(job, by);
    }
    latest = Math.max(latest ?? -Infinity, stamp.at_ms + by);
    times[index] = latest;
  });
  return times;
}

/** The least delay of each job over the whole log: known from the first frame on. */
function clocks(stamps: readonly Stamp[], times: Float64Array): Record<string, number> {
  const found: Record<string, number> = {};
  stamps.forEach((stamp, index) => {
    if (stamp.job_id === null) return;
    const offset = (times[index] ?? 0) - stamp.t_ns / 1e6;
    found[stamp.job_id] = Math.min(found[stamp.job_id] ?? Infinity, offset);
  });
  return found;
}

function stampOf(line: string): Stamp | null {
  if (line.startsWith('{"type":"chunks"')) return null;
  try {
    const { job_id, t_ns, timestamp_s } = JSON.parse(line) as Record<string, unknown>;
    if (typeof timestamp_s !== 'number' || typeof t_ns !== 'number') return null;
    return { job_id: typeof job_id === 'string' ? job_id : null, t_ns, at_ms: timestamp_s * 1000 };
  } catch {
    return null;
  }
}
