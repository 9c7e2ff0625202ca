/** The one store of a race page: a document, a log that is followed, and one update a beat. */

import * as api from '../api/runs';
import { ApiError, failure } from '../api/client';
import { isOver, type RunDocument } from '../api/documents';
import type { Failure } from '../events/types';
import { reduce } from '../race/reduce';
import { begin, type Race } from '../race/state';
import { Follower, type Link } from '../stream/follow';
import { StoredLog } from '../stream/stored';
import { browser, type Browser } from './browser';
import { heardAfter, signal } from './signal.svelte';

/**
 * How often the page takes what was heard. Between two beats its bars are moved by the browser's
 * compositor: the machine that is watched may be the one that is measured.
 */
export const BEAT_MS = 100;
/** How often words and numbers change at most: the more lanes, the less can be read of each. */
const CALM_MS = 120;
const CALM_PER_LANE_MS = 22;
/** So much of a log is taken at once. */
const PIECE_BYTES = 64 << 10;
/** How soon after a round ended central's figures are fetched again: the more lanes, the longer the document. */
const REFRESH_MS = 700;
const REFRESH_PER_LANE_MS = 45;
/** How often is looked whether central was heard. */
const LISTEN_MS = 500;

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
  private latest: Race | null = null;
  private drawn_ms = -Infinity;
  private frame: (() => void) | null = null;
  private words: (() => void) | null = null;
  private refreshing: ReturnType<typeof setTimeout> | undefined;
  /** When the document is fetched next, on the page's clock. */
  private refresh_ms = Infinity;
  private follower: Follower | null = null;
  /** Ends the reading of the lines that were there before the page. */
  private reading = new AbortController();
  /** Which requests of the document were made, and the newest one that was answered: answers may overtake each other. */
  private asked = 0;
  private answered = 0;
  private closed = false;
  private alive_ms = 0;
  private listening: ReturnType<typeof setInterval> | undefined;
  private unwatch: () => void = () => undefined;

  constructor(
    readonly runId: string,
    private readonly around: Browser = browser,
  ) {
    this.now = around.now();
  }

  /** Load the document, then follow the log; ends with `close`. */
  async open(): Promise<void> {
    this.unwatch = this.around.onVisibility((visible) => this.show(visible));
    this.alive_ms = this.around.now();
    this.listening = setInterval(() => this.listen(), LISTEN_MS);
    await this.restart();
  }

  close(): void {
    this.closed = true;
    this.reading.abort();
    this.follower?.stop();
    this.unwatch();
    clearTimeout(this.refreshing);
    clearInterval(this.listening);
    signal.heard = 'off';
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

  /** Take what somebody changed. A document that was asked for before may not have it: it is fetched again. */
  changed({ name, tags, notes, pinned }: Pick<RunDocument, 'name' | 'tags' | 'notes' | 'pinned'>): void {
    const waiting = this.asked > this.answered;
    this.answered = ++this.asked;
    if (this.run !== null) this.run = { ...this.run, name, tags, notes, pinned };
    if (waiting) this.refreshSoon(0);
  }

  /** Fetch the document anew and read the log from its beginning: what was heard may be void. */
  private async restart(): Promise<void> {
    this.follower?.stop();
    this.follower = null;
    this.reading.abort();
    const reading = (this.reading = new AbortController());
    this.latest = null;
    const run = await this.fetched();
    if (run === null || reading.signal.aborted) return;
    this.latest = this.race = begin(run);
    this.calm = { race: this.race, now: this.now };
    this.tick();
    const at = await this.read(run, reading.signal);
    if (!reading.signal.aborted) this.follow(run, at);
  }

  /** Take the lines up to the document's own place, and give how far that went: they come compressed. */
  private async read(run: RunDocument, signal: AbortSignal): Promise<number> {
    const place = { epoch: run.epoch, offset: run.offset };
    let at = 0;
    if (place.offset === 0) return at;
    try {
      for await (const block of new StoredLog(this.runId, PIECE_BYTES).blocks(signal, place)) {
        signal.throwIfAborted();
        this.take(new TextDecoder().decode(block).split('\n').slice(0, -1));
        at += block.length;
      }
    } catch {
      // The stream goes on from there: it comes back over lost connections, and says what is wrong.
    }
    return at;
  }

  /** Hear what follows `at`; nothing does where the run is over. */
  private follow(run: RunDocument, at: number): void {
    if (isOver(run.state) && at === run.offset) {
      this.link = 'ended';
      return;
    }
    const listener = {
      lines: (lines: string[]) => this.hear(lines),
      snapshot: () => void this.restart(),
      link: (link: Link, error?: ApiError) => this.linked(link, error),
      alive: () => (this.alive_ms = this.around.now()),
    };
    const path = `/api/runs/${encodeURIComponent(this.runId)}/events`;
    this.follower = new Follower(path, listener, `${run.epoch}-${at}`);
    if (this.around.visible()) this.follower.start();
  }

  /** Fetch the document; an answer that comes after one to a later request gives that one's. */
  private async fetched(): Promise<RunDocument | null> {
    const asked = ++this.asked;
    try {
      const run = await api.run(this.runId);
      if (asked < this.answered) return this.run;
      this.answered = asked;
      this.run = run;
      this.failure = null;
      return run;
    } catch (error) {
      if (asked < this.answered) return this.run;
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
    this.listen();
    if (error) this.failure = error.failure;
    else if (link === 'live' && this.failure?.category === 'busy') this.failure = null;
    // The log is complete only after the run's last document is stored.
    if (link === 'ended') this.refreshSoon(0);
  }

  /** Say whether central is heard, while there is something to hear. */
  private listen(): void {
    const quiet = this.closed || this.link === 'ended' || this.link === 'refused' || this.link === 'paused' || this.latest?.phase === 'over';
    signal.heard = quiet ? 'off' : heardAfter(this.around.now() - this.alive_ms, this.link === 'lost');
  }

  /** Take lines that are newer than the document; it is fetched again where they say that it changed. */
  private hear(lines: string[]): void {
    const before = this.latest;
    const race = this.take(lines);
    if (before === null || race === null) return;
    if (race.phase !== before.phase) this.refreshSoon(0);
    else if (ended(race) > ended(before)) this.refreshSoon(Math.max(REFRESH_MS, race.order.length * REFRESH_PER_LANE_MS));
  }

  private take(lines: string[]): Race | null {
    if (this.latest === null) return null;
    this.latest = reduce(this.latest, lines, this.around.now());
    this.tick();
    return this.latest;
  }

  private show(visible: boolean): void {
    if (visible) {
      this.alive_ms = this.around.now();
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
    if (this.closed || this.latest === null || this.race === null) return;
    const race = this.latest;
    const now = this.around.now();
    this.drawn_ms = this.now = now;
    this.race = race;
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

  /** Fetch the document again; a sooner fetch takes the place of a later one, never the reverse. */
  private refreshSoon(after_ms: number): void {
    if (this.closed) return;
    const due_ms = this.around.now() + after_ms;
    if (due_ms >= this.refresh_ms) return;
    clearTimeout(this.refreshing);
    this.refresh_ms = due_ms;
    this.refreshing = setTimeout(() => {
      this.refresh_ms = Infinity;
      void this.fetched();
    }, after_ms);
  }
}

function ended(race: Race): number {
  return Object.values(race.lanes).reduce((sum, lane) => sum + lane.rounds.length, 0);
}
