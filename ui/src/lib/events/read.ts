/** Reading lines of a log: what cannot be read, and what is not known, is left out. */

import type { Known, Tag } from './types';

const KNOWN: ReadonlySet<string> = new Set<Tag>([
  'job_start',
  'round_start',
  'llm_token',
  'compute_line',
  'progress',
  'artifact',
  'log',
  'runtime_sample',
  'round_done',
  'lane_error',
  'job_done',
  'job_error',
  'job_timeout',
  'job_cancelled',
  'run_lifecycle',
  'standing',
]);

/** A line of these many characters or more is no event of ours. */
const LONGEST = 300_000;

/** Raw stamps are many and never drawn: they are not even parsed. */
const SKIPPED = '{"type":"chunks"';

export function readEvent(line: string): Known | null {
  if (line.length > LONGEST || line.startsWith(SKIPPED)) return null;
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return null;
  }
  return isKnown(found) ? found : null;
}

function isKnown(found: unknown): found is Known {
  if (typeof found !== 'object' || found === null) return false;
  const { type, payload, t_ns, timestamp_s } = found as Record<string, unknown>;
  return (
    typeof type === 'string' &&
    KNOWN.has(type) &&
    typeof payload === 'object' &&
    payload !== null &&
    typeof t_ns === 'number' &&
    typeof timestamp_s === 'number'
  );
}
