/** Events as they stand in a run's log, one JSON line each. Unknown tags are passed over. */

export interface Envelope {
  type: string;
  run_id: string | null;
  job_id: string | null;
  machine_id: string | null;
  lane_id: string | null;
  round: number | null;
  stream: 'work' | 'agent' | 'central';
  seq: number;
  t_ns: number;
  timestamp_s: number;
}

export interface Reason {
  code: string;
  text: string;
}

export type Level = 'VALID' | 'SUSPECT' | 'INVALID';

export interface Verdict {
  level: Level;
  reasons: Reason[];
}

export interface Measured {
  metric: string;
  value: number | null;
  numerator?: number | null;
  denominator?: number | null;
  reason?: string | null;
  /** Between these lies the true value, where `value` is an estimate. */
  low?: number | null;
  high?: number | null;
  unknown?: Reason | null;
}

export interface FieldError {
  path: string;
  message: string;
  machine_id?: string | null;
}

export interface Failure {
  category: string;
  message: string;
  remedy: string;
  fields?: FieldError[];
  detail?: string | null;
}

export interface GpuSample {
  index: number;
  utilization_percent?: number | null;
  memory_used_bytes?: number | null;
  memory_total_bytes?: number | null;
  power_w?: number | null;
  temperature_c?: number | null;
}

export interface RuntimeSample {
  cpu_percent?: number | null;
  cpu_count?: number | null;
  load_1m?: number | null;
  memory_used_bytes?: number | null;
  memory_total_bytes?: number | null;
  cpu_frequency_mhz?: number | null;
  cpu_temperature_c?: number | null;
  gpus?: GpuSample[];
}

export interface StandingPlace {
  lane_id: string;
  place: number | null;
  value: number | null;
  low?: number | null;
  high?: number | null;
  marked?: boolean;
}

export interface Standing {
  metric: string;
  places: StandingPlace[];
}

export interface RoundDone {
  warmup: boolean;
  heat: number | null;
  elapsed_ns: number;
  measured: Measured[];
  verdict: Verdict;
  /** The raw facts of the round, of its kind: read by who knows that kind. */
  record?: unknown;
  error?: Failure | null;
}

export interface Lifecycle {
  phase: 'run_start' | 'heat_start' | 'run_end';
  state?: string | null;
  heat?: number | null;
  spread_ns?: number | null;
  uncertainty_ns?: number | null;
  staggered?: boolean;
  reason?: string | null;
}

export interface ArtifactPayload {
  name: string;
  media_type: string;
  size: number;
  digest: string;
}

interface Tagged<Tag extends string, Payload> extends Envelope {
  type: Tag;
  payload: Payload;
}

export type Known =
  | Tagged<'job_start', { planned_rounds: number; kind: string }>
  | Tagged<'round_start', { warmup: boolean; heat: number | null }>
  | Tagged<'llm_token', { text: string; reasoning?: boolean; pieces?: number }>
  | Tagged<'compute_line', { line: string }>
  | Tagged<'preview', { media_type: string; data: string }>
  | Tagged<'progress', { done: number; total: number | null; unit: string; phase?: string }>
  | Tagged<'artifact', ArtifactPayload>
  | Tagged<'log', { level: string; message: string; source: string }>
  | Tagged<'runtime_sample', RuntimeSample>
  | Tagged<'round_done', RoundDone>
  | Tagged<'lane_error', { error: Failure }>
  | Tagged<'job_done', { metrics: Record<string, unknown> }>
  | Tagged<'job_error' | 'job_timeout', Failure>
  | Tagged<'job_cancelled', { reason: string }>
  | Tagged<'run_lifecycle', Lifecycle>
  | Tagged<'standing', Standing>;

export type Tag = Known['type'];
