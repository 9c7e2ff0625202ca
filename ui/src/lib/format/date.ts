/** Dates in the reader's own locale, and how long ago in words. */

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [3600, 'minute'],
  [86_400, 'hour'],
  [7 * 86_400, 'day'],
];
const SECONDS: Partial<Record<Intl.RelativeTimeFormatUnit, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
};

export function date(at_s: number): string {
  return FULL.format(at_s * 1000);
}

/** The date without the time. */
export function day(at_s: number): string {
  return DAY.format(at_s * 1000);
}

/** `5 minutes ago`; older than a week, the date. */
export function ago(at_s: number, now_s: number): string {
  const past = now_s - at_s;
  if (Math.abs(past) < 5) return 'just now';
  for (const [limit, unit] of STEPS) {
    if (Math.abs(past) < limit) return RELATIVE.format(-Math.round(past / (SECONDS[unit] ?? 1)), unit);
  }
  return date(at_s);
}
