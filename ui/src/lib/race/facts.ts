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
const MOST_SETTINGS = 100;

/** Read a record; null where it is not of text. */
export function factsOf(record: unknown): Facts | null {
  const said = part(record);
  const engine = part(said?.engine);
  const name = text(engine?.name);
  if (said === null || engine === null || name === null) return null;
  return {
    engine: name,
    version: text(engine.version),
    model: text(engine.model) ?? '',
    digest: text(engine.digest),
    quantization: text(engine.quantization),
    tokenizer: text(engine.tokenizer),
    settings: settings(part(engine.settings)),
    host: text(engine.host),
    cache: CACHES.includes(String(said.cache)) ? (said.cache as Cache) : 'unknown',
    proof: PROOFS.includes(String(said.cache_proof)) ? (said.cache_proof as Proof) : 'none',
    load_ms: typeof said.load_ns === 'number' ? said.load_ns / 1e6 : null,
    load_source: text(said.load_source),
    timing_source: text(said.timing_source),
    simulated: said.simulated === true,
    fallback_reason: text(said.fallback_reason),
    alone: typeof said.alone === 'boolean' ? said.alone : null,
    stayed: Array.isArray(said.stayed) ? said.stayed.map(String) : [],
  };
}

function settings(told: Record<string, unknown> | null): [string, string][] {
  return Object.entries(told ?? {})
    .slice(0, MOST_SETTINGS)
    .map(([name, value]) => [name, value === null ? 'not told' : String(value)]);
}

function part(told: unknown): Record<string, unknown> | null {
  return typeof told === 'object' && told !== null && !Array.isArray(told) ? (told as Record<string, unknown>) : null;
}

function text(told: unknown): string | null {
  return typeof told === 'string' && told !== '' ? told : null;
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
