/** The same race as a command line, and as a file. */

import type { LaneSpec, RunSpec } from '../api/documents';

const PLAIN = /^[A-Za-z0-9_./:@%+-]+$/;

/** The words for each field of a request; what is the default already needs none. */
const ARGUMENTS: { [Field in keyof RunSpec]-?: (value: NonNullable<RunSpec[Field]>) => string[] } = {
  kind: (kind) => ['--workload', kind],
  preset: (preset) => (preset ? ['--preset', preset] : []),
  params: (params) => Object.entries(params).flatMap(([name, value]) => ['-p', `${name}=${plain(value)}`]),
  lanes: (lanes) => lanes.flatMap((lane) => ['--lane', laneArguments(lane)]),
  rounds: (rounds) => (rounds === 5 ? [] : ['--rounds', String(rounds)]),
  warmup: (warmup) => (warmup === 1 ? [] : ['--warmup', String(warmup)]),
  order: (order) => ['--order', order],
  sync: (sync) => (sync === 'every_heat' ? ['--sync', sync] : []),
  resident: (resident) => (resident === 'many' ? ['--resident', resident] : []),
  only_ready: (only) => (only ? ['--only-ready'] : []),
  name: (name) => (name ? ['--name', name] : []),
  tags: (tags) => tags.flatMap((tag) => ['--tag', tag]),
  // Notes have no option; the file has them.
  notes: () => [],
  // A run of another central has no earlier one there.
  continues: () => [],
  salt: (salt) => (salt ? ['--salt', salt] : []),
  sampling_s: (period) => (period === 0.5 ? [] : ['--sampling-s', String(period)]),
  timeout_s: (limit) => (limit === 3600 ? [] : ['--timeout-s', String(limit)]),
};

export function command(spec: RunSpec): string {
  const words = (Object.keys(ARGUMENTS) as (keyof RunSpec)[]).flatMap((field) => argumentsOf(field, spec));
  return ['benchrace', 'run', ...words].map(quoted).join(' ');
}

function argumentsOf<Field extends keyof RunSpec>(field: Field, spec: RunSpec): string[] {
  const value = spec[field];
  return value === undefined || value === null ? [] : (ARGUMENTS[field] as (value: unknown) => string[])(value);
}

function laneArguments(lane: LaneSpec): string {
  const parts: [string, unknown][] = [];
  if (lane.machine_id) parts.push(['machine', lane.machine_id]);
  if (lane.backend) parts.push(['backend', lane.backend]);
  if (lane.label) parts.push(['label', lane.label]);
  if (lane.clients?.length) parts.push(['clients', lane.clients.join('+')]);
  if (lane.workers?.length) parts.push(['workers', lane.workers.join('+')]);
  parts.push(...Object.entries(lane.params ?? {}));
  return parts.map(([key, value]) => `${key}=${escaped(plain(value))}`).join(',');
}

/** TOML, as `benchrace run FILE.toml` reads it. */
export function toml(spec: RunSpec): string {
  const { lanes, params, ...own } = spec;
  const lines = Object.entries(own).flatMap(([key, value]) => pair(key, value));
  if (params && Object.keys(params).length > 0) {
    lines.push('', '[params]', ...Object.entries(params).flatMap(([key, value]) => pair(key, value)));
  }
  for (const lane of lanes ?? []) {
    const { params: overlay, ...rest } = lane;
    lines.push('', '[[lanes]]', ...Object.entries(rest).flatMap(([key, value]) => pair(key, value)));
    if (overlay && Object.keys(overlay).length > 0) lines.push(`params = ${value(overlay)}`);
  }
  return `${lines.join('\n')}\n`;
}

function pair(key: string, raw: unknown): string[] {
  return raw === null || raw === undefined ? [] : [`${name(key)} = ${value(raw)}`];
}

function value(raw: unknown): string {
  if (Array.isArray(raw)) return `[${raw.map(value).join(', ')}]`;
  if (typeof raw === 'object' && raw !== null) {
    const parts = Object.entries(raw).filter(([, item]) => item !== null && item !== undefined);
    return `{ ${parts.map(([key, item]) => `${name(key)} = ${value(item)}`).join(', ')} }`;
  }
  if (typeof raw === 'string') return text(raw);
  return String(raw);
}

/** A basic string of TOML: JSON's escapes are its own, but for the one after the others. */
function text(raw: string): string {
  return JSON.stringify(raw).replaceAll('\u007f', '\\u007F');
}

function name(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : text(key);
}

function plain(raw: unknown): string {
  return typeof raw === 'string' ? raw : JSON.stringify(raw);
}

function escaped(raw: string): string {
  return raw.replaceAll('\\', '\\\\').replaceAll(',', '\\,');
}

function quoted(word: string): string {
  return PLAIN.test(word) || /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
