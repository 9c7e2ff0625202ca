/** Plain numbers: three digits with a prefix, exact counts. `benchrace/formatting` writes the same. */

export const DASH = '–';
/** As wide as a plus sign. */
export const MINUS = '−';

/** A value that rounds to 1,000 of a unit is shown in the next one. */
export const EDGE = 0.9995;
/** From here on, and below 0.0001, a number has an exponent. */
const HUGE = 1e21 * EDGE;
const MAX_PLACES = 6;

export const PREFIXES: readonly (readonly [number, string])[] = [
  [1e18, 'E'],
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

const WORDS: readonly (readonly [number, string])[] = [
  [1e12, 'trillion'],
  [1e9, 'billion'],
  [1e6, 'million'],
];

export type Value = number | null | undefined;

/** Whether a value can be shown: it was measured, and is finite. */
export function shown(value: Value): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** With exactly so many decimals, and commas between thousands. */
export function fixed(value: number, places: number): string {
  if (Math.abs(value) >= HUGE) return exponent(value);
  const text = Math.abs(value).toFixed(places);
  const [units = '', decimals] = text.split('.');
  const whole = units.replace(/\d(?=(?:\d{3})+$)/g, '$&,');
  const grouped = decimals === undefined ? whole : `${whole}.${decimals}`;
  return value < 0 && Number(text) > 0 ? MINUS + grouped : grouped;
}

/** A number between 0 and 1 with so many significant digits, without zeros at its end. */
export function significant(value: number, digitCount: number): string {
  let size = Math.abs(value);
  let places = digitCount;
  while (size * 10 < EDGE && places <= MAX_PLACES) {
    size *= 10;
    places += 1;
  }
  return places > MAX_PLACES ? exponent(value) : fixed(value, places).replace(/0+$/, '');
}

/** Three significant digits: `1.23`, `12.3`, `0.0042`; all of an integer: `1,420`. */
export function digits(value: Value): string {
  if (!shown(value)) return DASH;
  const size = Math.abs(value);
  if (size >= 99.95 || Number.isInteger(value)) return fixed(value, 0);
  return size >= EDGE ? fixed(value, size >= 9.995 ? 1 : 2) : significant(value, 3);
}

/** `1.23 M`; a dash where nothing was measured. */
export function short(value: Value): string {
  if (!shown(value)) return DASH;
  const size = Math.abs(value);
  const step = size < HUGE ? PREFIXES.find(([limit]) => size >= limit * EDGE) : undefined;
  return step ? `${digits(value / step[0])} ${step[1]}` : digits(value);
}

/** Three digits for a sentence: `1.37 billion`, `12,300`, `12.3`. */
export function inWords(value: number): string {
  const size = Math.abs(value);
  const [limit, word] = (size < HUGE ? WORDS.find(([limit]) => size >= limit * EDGE) : undefined) ?? [1, ''];
  return `${three(value / limit)} ${word}`.trimEnd();
}

/** Three significant digits; the digits after them are zeros. */
function three(value: number): string {
  let step = 1;
  for (; Math.abs(value) >= 999.5 * step && Math.abs(value) < HUGE; step *= 10);
  return step === 1 ? digits(value) : fixed(Math.round(value / step) * step, 0);
}

/** An integer with commas: `50,847,534`. */
export function count(value: Value): string {
  return shown(value) ? fixed(value, 0) : DASH;
}

/** `1 lane`, `2 lanes`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `4.20e-5`. */
function exponent(value: number): string {
  let size = Math.abs(value);
  let power = 0;
  for (; size < EDGE; power -= 1) size *= 10;
  for (; size >= 9.995; power += 1) size /= 10;
  return `${value < 0 ? MINUS : ''}${digits(size)}e${power}`;
}
