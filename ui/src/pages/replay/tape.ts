/** A stored log as a tape: where its blocks lie and when they were, and the race at some of them. */

import type { RunDocument } from '../../lib/api/documents';
import type { Known } from '../../lib/events/types';
import { fold } from '../../lib/race/reduce';
import { begin, type Race } from '../../lib/race/state';
import { readBlock, Times, type Events } from './block';
import { Slices } from './slices';
import type { StoredLog } from '../../lib/stream/stored';

/** So many bytes of blocks are kept; others are fetched again. */
const MAX_BYTES = 32 << 20;
/** So many races are kept; where there are more, every other one goes. */
const MAX_SNAPSHOTS = 64;

export interface Snapshot {
  block: number;
  race: Race;
}

export class Tape {
  /** Where each block begins, and the last one ends. */
  readonly offsets: number[] = [0];
  /** When each block's last event was, in wall ms. */
  readonly ends: number[] = [];
  /** Races before a block, the earliest first. */
  snapshots: Snapshot[] = [];
  from_ms = 0;
  damaged = 0;
  /** Whether the log ends before all of it came, or before the race was over. */
  broken = false;
  private every = 1;
  private clocks: Record<string, number> = {};
  private readonly order = new Times();
  private readonly blocks = new Map<number, Uint8Array>();
  private bytes = 0;
  private ahead: { block: number; data: Promise<Uint8Array> } | null = null;
  private last: { block: number; read: Promise<Events> } | null = null;

  private constructor(
    private readonly log: StoredLog,
    private readonly signal: AbortSignal,
    private readonly most: number,
  ) {}

  /** Read a whole log once, block by block; `heard` is told how many bytes of how many came. */
  static async load(
    log: StoredLog,
    run: RunDocument,
    signal: AbortSignal,
    onprogress: (bytes: number, of: number) => void = () => {},
    most = MAX_BYTES,
  ): Promise<Tape> {
    const tape = new Tape(log, signal, most);
    let race = begin(unwritten(run));
    const slices = new Slices();
    for await (const data of log.blocks(signal)) {
      race = await tape.add(data, race, slices);
      onprogress(tape.size, log.size);
    }
    tape.broken = tape.size < log.size || (run.ended_at !== null && race.phase !== 'over');
    if (tape.snapshots.length === 0) tape.snapshots.push({ block: 0, race });
    // A job's least delay is known from the first frame on.
    tape.snapshots = tape.snapshots.map(({ block, race }) => ({ block, race: { ...race, clocks: tape.clocks, wall_ms: 0 } }));
    return tape;
  }

  get size(): number {
    return this.offsets.at(-1) ?? 0;
  }

  get length_ms(): number {
    const last = this.ends.at(-1) ?? -Infinity;
    return last === -Infinity ? 0 : last - this.from_ms;
  }

  get first(): Race {
    return this.before(0).race;
  }

  /** The last race that is kept before a block at which `ms` is not yet past. */
  before(ms: number): Snapshot {
    const snapshot = this.snapshots.findLast(({ block }) => block === 0 || (this.ends[block - 1] ?? Infinity) <= ms);
    if (snapshot === undefined) throw new Error('a tape that was not loaded');
    return snapshot;
  }

  /** The events of a block, fetched again where they are not kept; the next one's bytes are fetched ahead. */
  async read(block: number): Promise<Events> {
    if (this.last?.block !== block) {
      const read = this.decoded(block);
      this.last = { block, read };
      read.catch(() => (this.last = null));
    }
    return this.last?.read ?? this.read(block);
  }

  private async decoded(block: number): Promise<Events> {
    const data = this.blocks.get(block) ?? (await (this.ahead?.block === block ? this.ahead.data : this.fetch(block)));
    this.put(block, data);
    this.prepare(block + 1);
    return readBlock(data, this.ends[block - 1] ?? -Infinity, this.order, new Slices(), this.signal);
  }

  private prepare(block: number): void {
    if (block >= this.ends.length || this.blocks.has(block)) return;
    const data = this.fetch(block);
    this.ahead = { block, data };
    // It is asked for again, and then told, once it is needed.
    data.catch(() => (this.ahead = null));
  }

  private fetch(block: number): Promise<Uint8Array> {
    return this.log.part(this.offsets[block] ?? 0, this.offsets[block + 1] ?? 0, this.signal);
  }

  /** Keep a block as the last to go. */
  private put(block: number, data: Uint8Array): void {
    this.drop(block);
    this.blocks.set(block, data);
    this.bytes += data.length;
    for (const number of this.blocks.keys()) {
      if (this.bytes <= this.most || number === block) break;
      this.drop(number);
    }
  }

  private drop(block: number): void {
    this.bytes -= this.blocks.get(block)?.length ?? 0;
    this.blocks.delete(block);
  }

  private async add(data: Uint8Array, race: Race, slices: Slices): Promise<Race> {
    const block = this.ends.length;
    const latest = this.ends.at(-1) ?? -Infinity;
    if (block % this.every === 0) this.keep({ block, race });
    const { events, times, damaged } = await readBlock(data, latest, this.order, slices, this.signal);
    if (latest === -Infinity) this.from_ms = times[0] ?? 0;
    this.damaged += damaged;
    this.hear(events, times);
    if (this.bytes + data.length <= this.most) this.put(block, data);
    this.ends.push(times.at(-1) ?? latest);
    this.offsets.push(this.size + data.length);
    return steps(race, events, times, slices, this.signal);
  }

  private keep(snapshots: Snapshot): void {
    this.snapshots.push(snapshots);
    if (this.snapshots.length <= MAX_SNAPSHOTS) return;
    this.every *= 2;
    this.snapshots = this.snapshots.filter(({ block }) => block % this.every === 0);
  }

  private hear(events: readonly Known[], times: readonly number[]): void {
    events.forEach(({ job_id, t_ns }, index) => {
      if (job_id === null) return;
      this.clocks[job_id] = Math.min(this.clocks[job_id] ?? Infinity, (times[index] ?? 0) - t_ns / 1e6);
    });
  }
}

/** So many events are taken before the time is looked at. */
export const STEP = 128;

async function steps(
  race: Race,
  events: readonly Known[],
  times: readonly number[],
  slices: Slices,
  signal: AbortSignal,
): Promise<Race> {
  for (let from = 0; from < events.length; from += STEP) {
    const part = events.slice(from, from + STEP);
    race = fold(race, part, times[from + part.length - 1] ?? 0);
    await slices.rest(signal);
  }
  return race;
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
