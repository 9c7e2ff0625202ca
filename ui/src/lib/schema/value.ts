/** What people type, made a value: `50M` is fifty million, `auto` stays `auto`. */

import { count } from '../format/number';
import type { Field } from './schema';

export const AUTO = 'auto';

export type Read = { ok: true; value: unknown } | { ok: false; message: string };

const NUMBER = /^([+-]?\d+(?:_\d+)*(?:\.\d+)?(?:e[+-]?\d{1,3})?)\s*([kmgbt]?)$/i;
const POWERS: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, b: 1e9, t: 1e12 };

/** Read a field's text; an empty one is `undefined`: left to what lies below. */
export function readValue(field: Field, text: string, automatic: string | null): Read {
  const plain = text.trim();
  if (plain === '') return { ok: true, value: undefined };
  if (plain === AUTO && automatic === field.name) return { ok: true, value: AUTO };
  switch (field.type) {
    case 'choice': {
      const match = field.choices.find((choice) => String(choice) === text);
      return match === undefined ? bad(`choose one of ${field.choices.join(', ')}`) : good(match);
    }
    case 'boolean':
      return plain === 'true' || plain === 'false' ? good(plain === 'true') : bad('choose yes or no');
    case 'integer':
    case 'number':
      return readNumber(field, plain);
    case 'json':
      return readJson(plain);
    case 'text':
    case 'long':
      return field.longest !== null && text.length > field.longest
        ? bad(`at most ${count(field.longest)} characters`)
        : good(text);
  }
}

export function parseNumber(text: string): number | null {
  const match = NUMBER.exec(text.trim());
  if (match === null) return null;
  const value = Number((match[1] ?? '').replaceAll('_', ''));
  // Rounded to what was written: 1.1M is 1100000, not 1100000.0000000002.
  return Number((value * (POWERS[(match[2] ?? '').toLowerCase()] ?? 1)).toPrecision(15));
}

/** Show a value so that reading it gives the same value again, large numbers in groups. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return showNumber(value);
  return typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/** A range in words, empty where there is none. */
export function range(field: Field): string {
  const low = field.minimum ?? field.above;
  const high = field.maximum ?? field.below;
  const from = field.minimum === null && field.above !== null ? 'more than ' : '';
  const to = field.maximum === null && field.below !== null ? 'less than ' : '';
  if (low !== null && high !== null) return `${from}${grouped(low)} to ${to}${grouped(high)}`;
  if (low !== null) return from ? `${from}${grouped(low)}` : `${grouped(low)} or more`;
  return high === null ? '' : to ? `${to}${grouped(high)}` : `at most ${grouped(high)}`;
}

function readNumber(field: Field, plain: string): Read {
  const value = parseNumber(plain);
  if (value === null) return bad('enter a number, such as 200, 1.5k or 50M');
  if (field.type === 'integer' && !Number.isInteger(value)) return bad('enter a whole number');
  const low = field.minimum !== null ? value < field.minimum : field.above !== null && value <= field.above;
  const high = field.maximum !== null ? value > field.maximum : field.below !== null && value >= field.below;
  return low || high ? bad(`must be ${range(field)}`) : good(value);
}

function readJson(plain: string): Read {
  try {
    return good(JSON.parse(plain));
  } catch {
    return bad('enter JSON, such as ["one", "two"]');
  }
}

function showNumber(value: number): string {
  if (!Number.isInteger(value)) return String(value);
  for (const [power, suffix] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
  ] as const) {
    const part = value / power;
    if (Math.abs(part) >= 1 && String(part).length <= 5) return `${part}${suffix}`;
  }
  return String(value);
}

/** A number that nobody types: without a suffix, in groups. */
function grouped(value: number): string {
  const text = showNumber(value);
  return text === String(value) ? value.toLocaleString('en', { maximumFractionDigits: 20 }) : text;
}

function good(value: unknown): Read {
  return { ok: true, value };
}

function bad(message: string): Read {
  return { ok: false, message };
}
