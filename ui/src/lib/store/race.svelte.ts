/** The one store of a race page: a document, a log that is followed, and one update a beat. */

import * as api from '../api/runs';
import { ApiError, failure } from '../api/client';
import type { RunDocument } from '../api/documents';
import type { Failure } from '../events/types';
import { reduce } from '../race/reduce';
import { begin, type Race } from '../race/state';
import { Follower, type Link } from '../stream/follow';
import { browser, type Surroundings } from './surroundings';

/**
 * How often the page takes what was heard. Between two beats its bars are moved by the browser's
 * compositor: the machine that is watched may be the one that is measured.
 */
export const BEAT_MS = 100;
/** How often words and numbers change at most: the more lanes, the less can be read of each. */
const CALM_MS = 120;
const CALM_PER_LANE_MS = 22;
/** How soon after a round ended central's figures are fetched again. */
const REFRESH_MS = 700;

export class RaceStore {
  run = $state.raw<RunDocument | null>(null);
  race = $state.raw<Race | null>(null);
  /** The same a few times a second: for words and numbers, which nobody reads any faster. */
  calm = $state.raw<{ race: Race; now: number } | null>(null);
  /** The viewer's clock at the last beat. */
  now = $state(0);
  link = $state<Link>('connecting');
  failure = $state.raw<Failure | null>(null);

  /** All that was heard, drawn or not. */
  private heard: Race | null = null;
  private drawn_ms = -Infinity;
  private frame: (() => void) | null = null;
  private words: (() => void) | null = null;
  private refreshing: ReturnType<typeof setTimeout> | undefined;
  private follower: Follower | null = null;
  private closed = false;
  private unwatch: () => void = () => undefined;

  constructor(
    readonly runId: string,
    private readonly around: Surroundings = browser,
  ) {
    this.now = around.now();
  }

  /** Load the document, then follow the log; ends with `close`. */
  async open(): Promise<void> {
    this.unwatch = this.around.onVisibility((visible) => this.show(visible));
    await this.restart();
  }

  close(): void {
    this.closed = true;
    this.follower?.stop();
    this.unwatch();
    clearTimeout(this.refreshing);
    this.frame?.();
    this.words?.();
  }

  async cancel(): Promise<void> {
    try {
      await api.cancel(this.runId);
    } catch (error) {
      this.failure = failure(error);
    }
    this.refreshSoon(0);
  }

  /** Fetch the document anew and hear the log from its beginning: what was heard may be void. */
  private async restart(): Promise<void> {
    this.follower?.stop();
    this.follower = null;
    this.heard = null;
    const run = await this.fetched();
    if (run === null || this.closed) return;
    this.heard = this.race = begin(run);
    this.calm = { race: this.race, now: this.now };
    this.follower = new Follower(`/api/runs/${encodeURIComponent(this.runId)}/events`, {
      lines: (lines) => this.hear(lines),
      snapshot: () => void this.restart(),
      link: (link, error) => this.linked(link, error),
    });
    if (this.around.visible()) this.follower.start();
    this.tick();
  }

  private async fetched(): Promise<RunDocument | null> {
    try {
      const run = await api.run(this.runId);
      this.run = run;
      this.failure = null;
      return run;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) {
        this.link = 'lost';
        if (this.race === null && !this.closed) setTimeout(() => void this.restart(), 1500);
      } else {
        this.failure = failure(error);
      }
      return null;
    }
  }

  private linked(link: Link, error?: ApiError): void {
    this.link = link;
    if (error) this.failure = error.failure;
    if (link === 'ended' || link === 'live') this.refreshSoon(0);
  }

  private hear(lines: string[]): void {
    if (this.heard === null) return;
    this.heard = reduce(this.heard, lines, this.around.now());
    this.tick();
  }

  private show(visible: boolean): void {
    if (visible) {
      this.follower?.start();
      this.tick();
    } else {
      this.follower?.pause();
    }
  }

  private tick(): void {
    if (this.frame !== null || this.closed) return;
    const wait_ms = Math.max(0, this.drawn_ms + BEAT_MS - this.around.now());
    this.frame = this.around.frame(() => {
      this.frame = null;
      this.draw();
    }, wait_ms);
  }

  /** Show all that was heard since the last beat, at once. */
  private draw(): void {
    if (this.closed || this.heard === null || this.race === null) return;
    const before = this.race;
    const race = this.heard;
    const now = this.around.now();
    this.drawn_ms = this.now = now;
    this.race = race;
    if (ended(race) > ended(before) || race.phase !== before.phase) this.refreshSoon(REFRESH_MS);
    const running = race.phase === 'running';
    const calm_ms = Math.max(CALM_MS, race.order.length * CALM_PER_LANE_MS);
    if (!running) this.calm = { race, now };
    else if (now - (this.calm?.now ?? 0) >= calm_ms) this.speak();
    if (running && this.around.visible()) this.tick();
  }

  /** Words have a frame of their own: what moves has just had one. */
  private speak(): void {
    this.words?.();
    this.words = this.around.frame(() => (this.calm = this.race && { race: this.race, now: this.now }));
  }

  private refreshSoon(after_ms: number): void {
    if (this.closed) return;
    clearTimeout(this.refreshing);
    this.refreshing = setTimeout(() => void this.fetched(), after_ms);
  }
}

function ended(race: Race): number {
  return Object.values(race.lanes).reduce((sum, lane) => sum + lane.rounds.length, 0);
}
