/** A scripted log: events with the numbers that a real one has. */

import type { RunDocument } from '../src/lib/api/documents';

export class Log {
  private readonly seq = new Map<string, number>();
  readonly lines: string[] = [];

  constructor(readonly began_s = 1_000) {}

  /** Write one event; `t_ms` is since the job began, which is when the log begins. */
  add(type: string, payload: unknown, at: Partial<Place> = {}): this {
    const place = { job: 'job1', lane: null, round: null, machine: 'm1', stream: 'work', t_ms: 0, ...at };
    const job = place.stream === 'central' ? null : place.job;
    const key = `${job}/${place.stream}`;
    const seq = this.seq.get(key) ?? 0;
    this.seq.set(key, seq + 1);
    this.lines.push(
      JSON.stringify({
        type,
        run_id: 'run1',
        job_id: job,
        machine_id: job === null ? null : place.machine,
        lane_id: place.lane,
        round: place.round,
        stream: place.stream,
        seq,
        t_ns: place.t_ms * 1e6,
        timestamp_s: this.began_s + place.t_ms / 1000,
        payload,
      }),
    );
    return this;
  }

  /** One whole round of a lane, with progress at each tenth. */
  round(lane: string, round: number, from_ms: number, took_ms: number, more: Partial<Done> = {}): this {
    const { warmup = false, level = 'VALID', at = {} } = more;
    const place = { ...at, lane, round };
    this.add('round_start', { warmup, heat: null, started_ns: 0 }, { ...place, t_ms: from_ms });
    for (let part = 1; part <= 10; part += 1) {
      const t_ms = from_ms + (took_ms * part) / 10;
      this.add('progress', { done: part * 10, total: 100, unit: 'blocks' }, { ...place, t_ms });
    }
    const verdict = { level, reasons: level === 'VALID' ? [] : [{ code: 'idle_clocks', text: 'the clocks idled' }] };
    const done = { warmup, heat: null, elapsed_ns: took_ms * 1e6, measured: [], verdict };
    return this.add('round_done', done, { ...place, t_ms: from_ms + took_ms });
  }
}

interface Place {
  job: string;
  lane: string | null;
  round: number | null;
  machine: string;
  stream: string;
  t_ms: number;
}

interface Done {
  warmup: boolean;
  level: 'VALID' | 'SUSPECT' | 'INVALID';
  at: Partial<Place>;
}

export function documentOf(lanes: string[], more: Partial<RunDocument> = {}): RunDocument {
  return {
    run_id: 'run1',
    ceilings: {},
    title: lanes.map((lane) => `lane ${lane}`).join(' vs '),
    created_at: 1_000,
    started_at: 1_000,
    ended_at: null,
    spec: {
      kind: 'compute', params: {}, preset: null, lanes: [], rounds: 2, warmup: 1, order: 'abba', sync: 'first_heat', resident: 'one',
      salt: null, only_ready: false, name: null, tags: [], notes: null, sampling_s: 0.5, timeout_s: 3600, continues: null,
    },
    state: 'running',
    kind: 'compute',
    order: 'abba',
    rounds: 2,
    warmup: 1,
    lanes: lanes.map((lane_id) => ({
      lane_id,
      label: `lane ${lane_id}`,
      machine_id: 'm1',
      backend: 'compute',
      params: {},
      job_id: 'job1',
      spec_index: null,
      counted: 0,
      discarded: 0,
      verdict: null,
      marks: [],
      error: null,
      summary: {},
      rounds: [],
      agreement: null,
      text: null,
      missing: 0,
      energy: [],
      likeness: null,
      ceiling: null,
      peers: [],
      part: null,
      clients: [],
      workers: [],
      client_loads: [],
    })),
    left_out: [],
    workloads: {},
    machines: {},
    hosts: {},
    automatic: null,
    name: null,
    tags: [],
    notes: null,
    pinned: false,
    staggered: false,
    failure: null,
    epoch: 0,
    heats: [],
    standing: null,
    winner: null,
    winner_reason: null,
    version: '0.1.0',
    sync: 'first_heat',
    salt: 's',
    summary: {},
    remarks: [],
    knees: [],
    result: null,
    offset: 0,
    queue_position: null,
    artifacts: [],
    artifacts_left_out: 0,
    simulated: false,
    ...more,
  };
}
