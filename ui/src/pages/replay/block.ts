/** A block of a log as events with their times. */

import { readEvent } from '../../lib/events/read';
import type { Known } from '../../lib/events/types';
import type { Slices } from './slices';

/** Wall clocks that are further apart than this are not set right: the job begins where it came. */
const OFF_MS = 2_000;
/** So many lines are read before the time is looked at. */
const STEP = 64;

export interface Events {
  events: Known[];
  /** When each was written, in wall ms; never falls. */
  times: number[];
  /** Lines that are no JSON. */
  damaged: number;
}

/** The order of the log: a machine whose clock is wrong is moved to where its lines stand. */
export class Times {
  private readonly moved = new Map<string, number>();

  /** Give when an event was, where the latest before it was at `latest`. */
  of(event: Known, latest: number): number {
    const at_ms = event.timestamp_s * 1000;
    const job = event.job_id ?? '';
    let by = this.moved.get(job);
    if (by === undefined) {
      const off = latest === -Infinity ? 0 : latest - at_ms;
      by = job !== '' && Math.abs(off) > OFF_MS ? off : 0;
      this.moved.set(job, by);
    }
    return Math.max(latest, at_ms + by);
  }
}

/** Read a block whose forerunner ended at `latest`; raw stamps and what is not known are left out. */
export async function readBlock(
  data: Uint8Array,
  latest: number,
  order: Times,
  slices: Slices,
  signal: AbortSignal,
): Promise<Events> {
  const read: Events = { events: [], times: [], damaged: 0 };
  const lines = new TextDecoder().decode(data).split('\n');
  for (const [index, line] of lines.entries()) {
    if (index % STEP === 0) await slices.rest(signal);
    if (line === '') continue;
    const event = readEvent(line);
    if (event === null) read.damaged += isJson(line) ? 0 : 1;
    else {
      latest = order.of(event, latest);
      read.events.push(event);
      read.times.push(latest);
    }
  }
  return read;
}

/** Tell what is only unknown from what is broken; raw stamps are many and long, and not looked into. */
function isJson(line: string): boolean {
  if (line.startsWith('{"type":"chunks"')) return line.endsWith('}');
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
