/** Playing a tape: where it is, how fast it goes, and one race a beat. */

import { BEAT_MS } from '../../lib/store/race.svelte';
import { browser, type Browser } from '../../lib/store/browser';
import type { Race } from '../../lib/race/state';
import { failure } from '../../lib/api/client';
import type { Failure } from '../../lib/events/types';
import { Reader } from './reader';
import type { Tape } from './tape';

export const SPEEDS = [1, 2, 10, 100] as const;

/** Words and charts are drawn no more often than this while it plays. */
const CALM_MS = 100;

interface Moment {
  race: Race;
  now: number;
}

export class Player {
  race = $state.raw<Race>() as Race;
  calm = $state.raw<Moment>() as Moment;
  /** Since the beginning, on the tape's own clock. */
  at_ms = $state(0);
  speed = $state<number>(1);
  playing = $state(false);
  /** Whether the race at this place is still looked for. */
  seeking = $state(false);
  trouble = $state.raw<Failure | null>(null);

  readonly length_ms: number;
  private readonly reader: Reader;
  private drawn_ms = 0;
  private calmed_ms = -Infinity;
  private shown_ms = 0;
  private frame: (() => void) | null = null;
  private going = new AbortController();

  constructor(
    private readonly tape: Tape,
    private readonly around: Pick<Browser, 'now' | 'frame'> = browser,
  ) {
    this.reader = new Reader(tape);
    this.length_ms = tape.length_ms;
    this.race = this.reader.race;
    this.calm = { race: this.race, now: this.now };
  }

  /** The viewer's clock that belongs to the race. */
  get now(): number {
    return this.tape.from_ms + this.shown_ms;
  }

  get over(): boolean {
    return this.at_ms >= this.length_ms;
  }

  play(): void {
    if (this.over) void this.seek(0);
    this.playing = true;
    this.drawn_ms = this.around.now();
    this.tick();
  }

  pause(): void {
    this.playing = false;
    this.frame?.();
    this.frame = null;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Go to a place; one that is asked for meanwhile comes instead. */
  async seek(ms: number): Promise<void> {
    this.going.abort();
    const { signal } = (this.going = new AbortController());
    this.at_ms = Math.min(this.length_ms, Math.max(0, ms));
    this.seeking = true;
    try {
      const race = await this.reader.to(this.at_ms, signal);
      if (signal.aborted) return;
      this.race = race;
      this.shown_ms = this.at_ms;
      this.trouble = null;
      if (this.over) this.pause();
    } catch (error) {
      if (signal.aborted) return;
      this.pause();
      this.trouble = failure(error);
    }
    this.seeking = false;
    this.settle();
  }

  /** Stop for good. */
  close(): void {
    this.pause();
    this.going.abort();
  }

  private settle(): void {
    const now = this.around.now();
    if (this.playing && now - this.calmed_ms < CALM_MS) return;
    this.calmed_ms = now;
    this.calm = { race: this.race, now: this.now };
  }

  private tick(): void {
    if (this.frame !== null || !this.playing) return;
    this.frame = this.around.frame(() => {
      this.frame = null;
      const now = this.around.now();
      // A page that was hidden goes on from where it was, not from where it would be.
      const passed = Math.min(250, now - this.drawn_ms);
      this.drawn_ms = now;
      // What takes longer than a beat holds the tape.
      if (!this.seeking) void this.seek(this.at_ms + passed * this.speed);
      this.tick();
    }, BEAT_MS);
  }
}
