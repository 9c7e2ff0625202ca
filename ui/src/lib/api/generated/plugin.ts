// Written by `make docs` from benchrace/api; do not edit.

import type { Schema } from '../../schema/schema';
import type { EnergyWork, Metric } from './kinds';

/**
 * A file that an engine needs; `sha256` in hexadecimal, `size` in bytes, null if unknown. `name` is the file's
 * name in the engine's folder. `url` is where it is: `https://`, `s3://bucket/key`, `share:folder/file` on the
 * machine's model share, or `central:sha256`. An `ephemeral` one is deleted after the machine's next run, a
 * `pinned` one only on request.
 */
export interface Asset {
  name: string;
  url: string;
  sha256?: string | null;
  size?: number | null;
  kind?: AssetKind;
  ephemeral?: boolean;
  pinned?: boolean;
}

export type AssetKind = 'checkpoint' | 'lora' | 'vae' | 'audio' | 'workflow' | 'gguf';

/**
 * A backend without its code; `config_schema` is null if it takes no configuration. `assets` are the kinds of
 * files that it brings to its engine, with the operation `sync`.
 */
export interface BackendDescription {
  name: string;
  title: string;
  version: string | null;
  workloads: WorkloadDescription[];
  config_schema: Record<string, unknown> | null;
  operations: Operation[];
  assets: AssetKind[];
}

export type Drawing = 'progress' | 'text' | 'lines' | 'image';

/**
 * `count` layers with equal key-value caches. Each stores `kv_heads * (k_dim * k_bytes + v_dim * v_bytes)` bytes
 * per position. `window` is how many positions they look back, null for all. `k_bytes` is the size of an element
 * as the engine is configured: 2 for f16, 1.0625 for q8_0.
 */
export interface KvLayers {
  count: number;
  kv_heads: number;
  k_dim: number;
  v_dim: number;
  window: number | null;
  k_bytes: number;
  v_bytes: number;
}

/**
 * What a machine is to lend to a lane of another one; `host` is the address to listen on. The agent of the
 * machine fills in `host`; central cannot know it.
 */
export interface Lending {
  run_id: string;
  lane_id: string;
  host?: string;
}

/**
 * What a worker lends: where it listens, which build and protocol it speaks, and its devices. `endpoint` is
 * `host:port`.
 */
export interface Lent {
  endpoint: string;
  build: string | null;
  protocol: string | null;
  devices: LentDevice[];
}

/** A device that a worker offers; sizes in bytes, null where the engine does not tell. */
export interface LentDevice {
  name: string;
  total_bytes: number | null;
  free_bytes: number | null;
}

/**
 * A model that an engine has; null for what the engine does not report. `size` is the bytes of its files,
 * `digest` the engine's own, `parameters` their number, `context_length` as trained, `kv` over all `layers`,
 * `loaded` while it is in memory. `active_bytes` and `active_parameters` are of the weights that one token
 * reads: of a mixture of experts those that it uses, and not the embeddings, of which it reads one row. `width`
 * is the length of an embedding, and of most rows of its matrices. `compute_buffer` in bytes, and `slots` that
 * each hold a whole context, are the engine's. `engines` maps the name by which a lane selects an engine to its
 * address (`host:port`), for all engines that have the model; the first one is the default. Several backends may
 * reach one engine. `notes` say why an implausible number from the engine became null.
 */
export interface Model {
  name: string;
  size: number | null;
  digest: string | null;
  quantization: string | null;
  family: string | null;
  parameters: number | null;
  active_bytes: number | null;
  active_parameters: number | null;
  context_length: number | null;
  layers: number | null;
  width: number | null;
  kv: KvLayers[];
  compute_buffer: number | null;
  slots: number | null;
  capabilities: string[];
  loaded: Resident | null;
  engines: Record<string, string>;
  notes: string[];
}

export type Operation = 'reset' | 'start' | 'stop' | 'unload' | 'pull' | 'sync' | 'write' | 'lend';

/** Part `index` of `of` machines that generate load for a lane; 0 is the lane's own machine. */
export interface Part {
  index: number;
  of: number;
}

/** What another machine lends to a lane. */
export interface Peer {
  endpoint: string;
  build: string | null;
  protocol: string | null;
  devices: LentDevice[];
  machine_id: string;
  label: string;
}

/**
 * One entry point: its backends, or the error that makes it unusable. `pending` means that it has not been
 * described yet.
 */
export interface PluginDescription {
  name: string;
  module: string;
  distribution: string | null;
  version: string | null;
  backends: BackendDescription[];
  kinds: string[];
  error: string | null;
  traceback: string | null;
  pending: boolean;
}

/** A problem that prevents a start, and its remedy; `detail` may be a traceback. */
export interface Problem {
  message: string;
  remedy: string;
  detail: string | null;
}

/** A model in memory, as the engine reports it: bytes on the GPU, total bytes, positions. */
export interface Resident {
  vram: number | null;
  total: number | null;
  context: number | null;
}

export type Resource = 'cpu' | 'gpu' | 'memory' | 'disk' | 'network';

/**
 * An engine that does not run, and that a lane with these `params` starts. They name its model too where that is
 * known before it runs.
 */
export interface Startable {
  name: string;
  params: Record<string, string>;
}

/**
 * A workload without its code; `params_schema` is a JSON Schema with defaults and help. `work` names the
 * parameters that set how much a round has to do, `energy` what its energy is divided by. `spans` says that its
 * lanes may have workers on other machines, `shared_load` that they may have clients there.
 */
export interface WorkloadDescription {
  kind: string;
  title: string;
  params_schema: Schema;
  metrics: Metric[];
  metrics_version: number;
  presets: Record<string, Record<string, unknown>>;
  automatic: string | null;
  saturates: Resource[];
  drawing: Drawing;
  together: boolean;
  load_params: string[];
  work: string[];
  energy: EnergyWork | null;
  spans: boolean;
  shared_load: boolean;
}

/** A request for a text: the answer to `prompt`, of at most `max_tokens`. */
export interface Writing {
  prompt: string;
  max_tokens?: number;
}
