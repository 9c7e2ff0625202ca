/** Finds the race at a time: goes on where it can, and begins at a kept one where it must. */

import { fold } from '../../lib/race/reduce';
import type { Race } from '../../lib/race/state';
import { Slices } from './slices';
import { STEP, type Tape } from './tape';

export class Reader {
  race: Race;
  private block = 0;
  /** How many events of the block are taken. */
  private at = 0;
  private reached = -Infinity;

  constructor(private readonly tape: Tape) {
    this.race = tape.first;
  }

  /** Go to `ms` after the beginning; where `signal` ends it on the way, the next call goes on from there. */
  async to(ms: number, signal: AbortSignal): Promise<Race> {
    const goal = this.tape.from_ms + ms;
    this.leap(goal);
    const slices = new Slices();
    for (;;) {
      const { events, times } = await this.tape.read(this.block);
      signal.throwIfAborted();
      const end = upTo(times, goal);
      while (this.at < end) {
        const next = Math.min(end, this.at + STEP);
        this.reached = times[next - 1] ?? this.reached;
        this.race = fold(this.race, events.slice(this.at, next), this.reached);
        this.at = next;
        await slices.rest(signal);
      }
      if (end < events.length || this.block + 1 >= this.tape.ends.length) return this.race;
      this.block += 1;
      this.at = 0;
    }
  }

  private leap(goal: number): void {
    const snapshot = this.tape.before(goal);
    if (goal >= this.reached && snapshot.block <= this.block) return;
    this.block = snapshot.block;
    this.race = snapshot.race;
    this.at = 0;
    this.reached = this.tape.ends[snapshot.block - 1] ?? -Infinity;
  }
}

/** How many times are at or before `ms`. */
function upTo(times: readonly number[], ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
