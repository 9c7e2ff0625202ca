/** Values with units, as `benchrace/formatting` writes them: one table of cases is held to both. */

import { count, DASH, digits, EDGE, fixed, inWords, MINUS, PREFIXES, shown, short, type Value } from './number';

export { change, percent } from './comparison';
export { count, DASH, digits, plural, short } from './number';

/** A unit that begins with its own prefix (MiB/s, kWh) never gets a second one. */
const PREFIXED = /^(?:[kMGT]|[KMGT]i)[A-Za-z]/;
/** Units of time, in nanoseconds. */
export const TIMES_NS = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['min', 6e10],
  ['h', 3.6e12],
]);
export const SHORT_TIMES: readonly (readonly [number, string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
/** What rounds to a minute. */
const MINUTE_NS = 59.95e9;
const INTERVAL_PLACES = 6;

/** `12.3 Mprimes/s`; milliseconds become a time. All digits of an exact count matter: `50,847,534 primes`. */
export function quantity(value: Value, unit: string, exact = false): string {
  if (!shown(value)) return DASH;
  const ns = TIMES_NS.get(unit);
  if (ns !== undefined) return durationNs(value * ns);
  if (exact && Number.isInteger(value)) return spaced(count(value), unit);
  return joined(takesPrefix(unit) ? short(value) : digits(value), unit);
}

/** A number with its unit for a sentence: `1.37 billion numbers/s`. */
export function prose(value: Value, unit = ''): string {
  if (!shown(value)) return DASH;
  return TIMES_NS.has(unit) || !takesPrefix(unit) ? quantity(value, unit) : spaced(inWords(value), unit);
}

/** Both ends with the unit once: `60.4–119 Mprimes/s`, `−1.2 to 3.4 s`; with the prefix of the value beside it, if any. */
export function interval(bounds: readonly [Value, Value] | null | undefined, unit = '', value: Value = null): string {
  const [low, high] = bounds ?? [];
  if (!shown(low) || !shown(high)) return DASH;
  const ns = TIMES_NS.get(unit);
  const largest = shown(value) && value !== 0 ? Math.abs(value) : Math.max(Math.abs(low), Math.abs(high));
  if (ns !== undefined && largest * ns >= MINUTE_NS) {
    return between(durationNs(low * ns), durationNs(high * ns), ' to ');
  }
  const [factor, shared] = ns === undefined ? prefixFor(largest, unit) : timeFor(largest, unit, ns);
  return spaced(between(...apart(low / factor, high / factor), low < 0 ? ' to ' : '–'), shared);
}

/** A time given in ms: `850 µs`, `12.3 ms`, `1.85 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(ms: Value): string {
  return shown(ms) ? durationNs(ms * 1e6) : DASH;
}

/** As `duration`, of nanoseconds. */
export function durationNs(ns: Value): string {
  if (!shown(ns)) return DASH;
  const size = Math.abs(ns);
  if (size === 0) return '0 s';
  if (size >= MINUTE_NS) return (ns < 0 ? MINUS : '') + clock(size / 1e9);
  const [limit, unit] = SHORT_TIMES.find(([limit]) => size >= limit * EDGE) ?? [1, 'ns'];
  return `${digits(ns / limit)} ${unit}`;
}

/** As `duration`, for a time that runs: whole tenths, so that it does not flicker. */
export function running(ms: Value): string {
  if (!shown(ms)) return DASH;
  return ms * 1e6 < MINUTE_NS ? `${fixed(ms / 1e3, 1)} s` : clock(ms / 1e3);
}

/** An estimate in ms of what is left, in words that promise no more than is known. */
export function remaining(ms: Value): string {
  if (!shown(ms)) return 'not known yet';
  const seconds = ms / 1e3;
  if (seconds < 1) return 'under a second';
  if (seconds < 100) {
    const step = seconds < 10 ? 1 : 5;
    return `about ${Math.ceil(seconds / step) * step} s`;
  }
  if (seconds < 5400) return `about ${count(seconds / 60)} min`;
  return `about ${fixed(seconds / 3600, 1).replace(/\.0$/, '')} h`;
}

/** A time to come, in ns, no finer than it is known: `about 12 s`, `about 1 min 40 s`, `about 12 min`. */
export function about(ns: Value): string {
  if (!shown(ns)) return DASH;
  const seconds = ns / 1e9;
  if (seconds < 1) return 'under a second';
  const step = seconds < 10 ? 1 : seconds < 55 ? 5 : seconds < 600 ? 10 : 60;
  const rounded = Math.round(seconds / step) * step;
  if (seconds >= 5400) return remaining(ns / 1e6);
  if (step === 60) return `about ${rounded / 60} min`;
  const [minutes, rest] = [Math.floor(rounded / 60), rounded % 60];
  return `about ${[minutes > 0 ? `${minutes} min` : '', rest > 0 ? `${rest} s` : ''].filter(Boolean).join(' ')}`;
}

/** The bytes of a file, a model or a transfer: `4.92 GB`. */
export function fileSize(size: Value): string {
  return shown(size) ? joined(short(size), 'B') : DASH;
}

/** The bytes of memory, which comes in powers of two: `24 GiB`. */
export function memorySize(size: Value): string {
  if (!shown(size)) return DASH;
  let left = size;
  let unit = 0;
  for (; Math.abs(left) >= 1000 * EDGE && unit < BINARY.length - 1; unit += 1) left /= 1024;
  return `${digits(left)} ${BINARY[unit]}`;
}

function takesPrefix(unit: string): boolean {
  return unit === '' || isPer(unit) || (/^\p{L}/u.test(unit) && !PREFIXED.test(unit));
}

/** A unit that counts something without a name: `1/s`. */
function isPer(unit: string): boolean {
  return unit.startsWith('1/');
}

/** A prefix stands directly before its unit. */
function joined(text: string, unit: string): string {
  return /[a-z]$/i.test(text) && !isPer(unit) ? `${text}${unit}` : spaced(text, unit);
}

/** `12.3 tok/s`; of `1/s` the 1 is the number: `12.3/s`. */
export function spaced(text: string, unit: string): string {
  return isPer(unit) ? `${text}${unit.slice(1)}` : `${text} ${unit}`.trimEnd();
}

export function prefixFor(largest: number, unit: string): readonly [number, string] {
  const step = takesPrefix(unit) ? PREFIXES.find(([limit]) => largest >= limit * EDGE) : undefined;
  return step ? [step[0], step[1] + (isPer(unit) ? unit.slice(1) : unit)] : [1, unit];
}

/** The unit of time that suits, and what it is in the unit that the values are in. */
function timeFor(largest: number, unit: string, ns: number): readonly [number, string] {
  const step = SHORT_TIMES.find(([limit]) => largest * ns >= limit * EDGE);
  return step ? [step[0] / ns, step[1]] : [1, unit];
}

export function between(low: string, high: string, separator: string): string {
  return low === high ? low : low + separator + high;
}

/** Both ends with as many digits as it takes to tell them apart. */
export function apart(low: number, high: number): readonly [string, string] {
  let texts: readonly [string, string] = [digits(low), digits(high)];
  for (let places = 1; places <= INTERVAL_PLACES && low !== high && texts[0] === texts[1]; places += 1) {
    texts = [fixed(low, places), fixed(high, places)];
  }
  return texts;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds + 0.5);
  const two = (part: number) => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.floor(seconds / 60 + 0.5);
  return `${count(Math.floor(minutes / 60))} h ${two(minutes % 60)} min`;
}
