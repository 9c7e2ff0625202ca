/** The same race as a command line, and as a file. */

import type { RunSpec } from '../api/documents';

const PLAIN = /^[A-Za-z0-9_./:@%+-]+$/;

export function command(spec: RunSpec): string {
  const words = ['benchrace', 'run', '--workload', spec.kind];
  if (spec.preset) words.push('--preset', spec.preset);
  for (const [name, value] of Object.entries(spec.params ?? {})) words.push('-p', `${name}=${said(value)}`);
  for (const lane of spec.lanes ?? []) {
    const parts: [string, unknown][] = [];
    if (lane.machine_id) parts.push(['machine', lane.machine_id]);
    if (lane.backend) parts.push(['backend', lane.backend]);
    if (lane.label) parts.push(['label', lane.label]);
    parts.push(...Object.entries(lane.params ?? {}));
    words.push('--lane', parts.map(([key, value]) => `${key}=${escaped(said(value))}`).join(','));
  }
  if (spec.rounds !== undefined && spec.rounds !== 5) words.push('--rounds', String(spec.rounds));
  if (spec.warmup !== undefined && spec.warmup !== 1) words.push('--warmup', String(spec.warmup));
  if (spec.order) words.push('--order', spec.order);
  if (spec.sync === 'every_heat') words.push('--sync', spec.sync);
  if (spec.only_ready) words.push('--only-ready');
  if (spec.name) words.push('--name', spec.name);
  return words.map(quoted).join(' ');
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

function pair(key: string, given: unknown): string[] {
  return given === null || given === undefined ? [] : [`${name(key)} = ${value(given)}`];
}

function value(given: unknown): string {
  if (Array.isArray(given)) return `[${given.map(value).join(', ')}]`;
  if (typeof given === 'object' && given !== null) {
    const parts = Object.entries(given).filter(([, each]) => each !== null && each !== undefined);
    return `{ ${parts.map(([key, each]) => `${name(key)} = ${value(each)}`).join(', ')} }`;
  }
  if (typeof given === 'string') return text(given);
  return String(given);
}

/** A basic string of TOML: JSON's escapes are its own, but for the one after the others. */
function text(given: string): string {
  return JSON.stringify(given).replaceAll('\u007f', '\\u007F');
}

function name(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : text(key);
}

function said(given: unknown): string {
  return typeof given === 'string' ? given : JSON.stringify(given);
}

function escaped(given: string): string {
  return given.replaceAll('\\', '\\\\').replaceAll(',', '\\,');
}

function quoted(word: string): string {
  return PLAIN.test(word) || /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
