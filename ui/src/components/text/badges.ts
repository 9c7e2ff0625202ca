/** What to know of a lane's answers at a glance: each in a word or two, with the whole of it. */

import { duration } from '../../lib/format/quantity';
import type { Cache, Facts, Proof } from '../../lib/race/facts';

export type Tone = 'warn' | 'bad' | 'calm';

export interface Badge {
  key: string;
  text: string;
  /** The same in a sentence, for who points at it or listens. */
  more: string;
  tone: Tone;
}

const CACHES: Record<Cache, { text: string; more: string; tone: Tone }> = {
  'cold-load': { text: 'cold', more: 'The model was loaded for this round', tone: 'calm' },
  'warm-unique': { text: 'warm, prompt not cached', more: 'The model was already loaded, and no part of the prompt was cached', tone: 'calm' },
  'prefix-hit': { text: 'prompt cached', more: 'Part of the prompt was already cached', tone: 'warn' },
  unknown: { text: 'cache unknown', more: 'Unknown whether part of the prompt was cached', tone: 'warn' },
};
const PROOFS: Record<Proof, string> = {
  engine: 'reported by the engine',
  inferred: 'inferred: the prompt begins with a nonce that this engine has never seen',
  none: 'without proof',
};

export function badges(facts: Facts): Badge[] {
  return [mock(facts), engine(facts), host(facts), cache(facts), load(facts), company(facts)].flatMap((fact) => fact ?? []);
}

/** Whether one of them warns. */
export function hasDoubts(facts: Facts | undefined): boolean {
  return facts !== undefined && badges(facts).some(isDoubt);
}

export const isDoubt = (badge: Badge) => badge.tone === 'warn' || badge.tone === 'bad';

function mock({ simulated, fallback_reason }: Facts): Badge | null {
  if (!simulated) return null;
  const why = fallback_reason ? `: ${fallback_reason}` : '';
  return { key: 'mock', text: 'mock', more: `A mock answered instead of the engine; mocks are never ranked${why}`, tone: 'bad' };
}

function engine({ engine: name, version, quantization, simulated }: Facts): Badge | null {
  if (simulated) return null;
  const label = [name, version].filter(Boolean).join(' ');
  return { key: 'engine', text: label, more: `Engine ${label}${quantization ? `, ${quantization}` : ''}`, tone: 'calm' };
}

function host({ host: at }: Facts): Badge | null {
  return at === null ? null : { key: 'host', text: 'not on this machine', more: `The engine runs elsewhere: ${at}`, tone: 'warn' };
}

function cache({ cache: state, proof, simulated }: Facts): Badge | null {
  if (simulated) return null;
  const { text, more, tone } = CACHES[state];
  return { key: 'cache', text, more: `${more}; ${PROOFS[proof]}`, tone };
}

function load({ load_ms, load_source }: Facts): Badge | null {
  if (load_ms === null) return null;
  const by = load_source === 'engine' ? 'by the engine’s own clock' : 'by the agent’s clock';
  return { key: 'load', text: `load ${duration(load_ms)}`, more: `Loading took ${duration(load_ms)} ${by}, and is not part of the answer’s time`, tone: 'calm' };
}

function company({ alone, stayed }: Facts): Badge | null {
  if (alone !== false) return null;
  const named = stayed.length > 0 ? `: ${stayed.join(', ')}` : '';
  return { key: 'company', text: 'not alone in memory', more: `Other models stayed in memory${named}`, tone: 'warn' };
}

/** All of it, as names and what was said; what was not told is left out. */
export function factRows(facts: Facts): [string, string][] {
  const more = (key: string) => badges(facts).find((badge) => badge.key === key)?.more ?? null;
  const rows: [string, string | null][] = [
    ['Mock', more('mock')],
    ['Engine', [facts.engine, facts.version].filter(Boolean).join(' ')],
    ['Model', facts.model],
    ['Digest', facts.digest],
    ['Quantisation', facts.quantization],
    ['Tokenizer', facts.tokenizer],
    ['Runs on', facts.host ?? 'the agent’s machine'],
    ['Cache', more('cache')],
    ['Load', more('load')],
    ['Memory', more('company')],
    ['Stamps', facts.timing_source],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null && row[1] !== '');
}
