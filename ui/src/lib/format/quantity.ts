/** Numbers for people: three digits that mean something, with their unit. */

const PREFIXES: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

export const DASH = '–';

/** `1.23 M`; a dash where nothing was measured. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const size = Math.abs(value);
  for (const [limit, prefix] of PREFIXES) {
    if (size >= limit * 0.9995) return `${three(value / limit)} ${prefix}`;
  }
  return three(value);
}

/** `12.3 Mprimes/s`; milliseconds become a time. */
export function quantity(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  if (unit === 'ms') return duration(value);
  const text = short(value);
  return /[a-z]$/i.test(text) ? `${text}${unit}` : `${text} ${unit}`.trim();
}

/** A time given in ms: `850 µs`, `12.3 ms`, `1.85 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return DASH;
  const seconds = ms / 1000;
  if (seconds === 0) return '0 s';
  if (Math.abs(seconds) < 1e-3) return `${three(seconds * 1e6)} µs`;
  if (Math.abs(seconds) < 1) return `${three(seconds * 1e3)} ms`;
  return Math.abs(seconds) < 59.95 ? `${three(seconds)} s` : clock(seconds);
}

/** As `duration`, for a time that runs: whole tenths, so that it does not flicker. */
export function running(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return DASH;
  const seconds = ms / 1000;
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/** A time that is only estimated, in words that promise no more than is known. */
export function remaining(ms: number | null): string {
  if (ms === null) return 'not known yet';
  const seconds = ms / 1000;
  if (seconds < 1) return 'under a second';
  if (seconds < 10) return `about ${Math.ceil(seconds)} s`;
  if (seconds < 100) return `about ${Math.ceil(seconds / 5) * 5} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return DASH;
  const value = share * 100;
  return minus(`${Math.abs(value) < 10 ? Number(value.toPrecision(2)) : value.toFixed(0)} %`);
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  while (size >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${three(size)} ${units[unit] ?? ''}`;
}

/** Three digits that mean something; a minus sign is as wide as a plus. */
export function three(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 99.95 || Number.isInteger(value) ? 0 : size >= 9.995 ? 1 : 2;
  return minus(value.toFixed(digits));
}

function minus(text: string): string {
  return text.replace(/^-/, '−');
}

/** `1 lane`, `2 lanes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
