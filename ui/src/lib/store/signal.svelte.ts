/** Whether the page hears central: shown in the header, for the race that is on. */

export type Heard = 'off' | 'live' | 'late' | 'lost';

export const LATE_MS = 4_000;
export const LOST_MS = 10_000;

class Signal {
  heard = $state<Heard>('off');
}

export const signal = new Signal();

/** What to show of a stream whose last sign of life is so long ago. */
export function heardAfter(silent_ms: number, broken: boolean): Heard {
  if (silent_ms >= LOST_MS) return 'lost';
  return silent_ms >= LATE_MS || broken ? 'late' : 'live';
}
