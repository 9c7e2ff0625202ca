/** The facts around an answer, out of a round's record: everything in it is foreign. */

export type Cache = 'cold-load' | 'warm-unique' | 'prefix-hit' | 'unknown';
export type Proof = 'engine' | 'inferred' | 'none';

export interface Facts {
  engine: string;
  version: string | null;
  model: string;
  digest: string | null;
  quantization: string | null;
  tokenizer: string | null;
  settings: [string, string][];
  /** Where the engine runs, unless it is proved to be on the agent's machine. */
  host: string | null;
  cache: Cache;
  proof: Proof;
  load_ms: number | null;
  load_source: string | null;
  timing_source: string | null;
  simulated: boolean;
  fallback_reason: string | null;
  alone: boolean | null;
  stayed: string[];
}

const CACHES: readonly string[] = ['cold-load', 'warm-unique', 'prefix-hit'];
const PROOFS: readonly string[] = ['engine', 'inferred'];
const MAX_SETTINGS = 100;

/** Read a record; null where it is not of text. */
export function factsOf(record: unknown): Facts | null {
  const fields = part(record);
  const engine = part(fields?.engine);
  const name = text(engine?.name);
  if (fields === null || engine === null || name === null) return null;
  return {
    engine: name,
    version: text(engine.version),
    model: text(engine.model) ?? '',
    digest: text(engine.digest),
    quantization: text(engine.quantization),
    tokenizer: text(engine.tokenizer),
    settings: settings(part(engine.settings)),
    host: text(engine.host),
    cache: CACHES.includes(String(fields.cache)) ? (fields.cache as Cache) : 'unknown',
    proof: PROOFS.includes(String(fields.cache_proof)) ? (fields.cache_proof as Proof) : 'none',
    load_ms: typeof fields.load_ns === 'number' ? fields.load_ns / 1e6 : null,
    load_source: text(fields.load_source),
    timing_source: text(fields.timing_source),
    simulated: fields.simulated === true,
    fallback_reason: text(fields.fallback_reason),
    alone: typeof fields.alone === 'boolean' ? fields.alone : null,
    stayed: Array.isArray(fields.stayed) ? fields.stayed.map(String) : [],
  };
}

/** The seed that a round of images was made from; null where its record has none. */
export function seedOf(record: unknown): number | null {
  const seed = part(record)?.seed;
  return typeof seed === 'number' && Number.isSafeInteger(seed) ? seed : null;
}

function settings(value: Record<string, unknown> | null): [string, string][] {
  return Object.entries(value ?? {})
    .slice(0, MAX_SETTINGS)
    .map(([name, value]) => [name, value === null ? 'not reported' : String(value)]);
}

function part(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

type ByLane = Readonly<Record<string, Facts | undefined>>;

/** The facts of lanes by their ids; `before` itself where nothing is other than there. */
export function factsByLane(lanes: Iterable<{ lane_id: string; facts: Facts | null }>, before: ByLane): ByLane {
  const now: Record<string, Facts> = {};
  for (const lane of lanes) if (lane.facts !== null) now[lane.lane_id] = lane.facts;
  const ids = Object.keys(now);
  const same = ids.length === Object.keys(before).length && ids.every((id) => before[id] === now[id]);
  return same ? before : now;
}
