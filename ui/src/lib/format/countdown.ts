/** What is left of a race, as a clock that runs down. */

import { DASH, shown, type Value } from './number';

/** An estimate in ms: `~0:12`, `~1:02:05`; a dash where nothing is known. */
export function countdown(ms: Value): string {
  if (!shown(ms)) return DASH;
  const seconds = Math.ceil(Math.max(0, ms) / 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `~${minutes}:${two(seconds % 60)}`;
  return `~${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
