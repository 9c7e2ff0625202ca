/** Reading lines of a log: what cannot be read, and what is not known, is left out. */

import type { Known, Tag } from './types';

const KNOWN: ReadonlySet<string> = new Set<Tag>([
  'job_start',
  'round_start',
  'llm_token',
  'compute_line',
  'progress',
  'preview',
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
const MAX_LINE = 300_000;

/** Raw stamps are many and never drawn: they are not even parsed. */
const SKIPPED = '{"type":"chunks"';

export function readEvent(line: string): Known | null {
  if (line.length > MAX_LINE || line.startsWith(SKIPPED)) return null;
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return null;
  }
  return isKnown(event) ? event : null;
}

function isKnown(event: unknown): event is Known {
  if (typeof event !== 'object' || event === null) return false;
  const { type, payload, t_ns, timestamp_s } = event as Record<string, unknown>;
  return (
    typeof type === 'string' &&
    KNOWN.has(type) &&
    typeof payload === 'object' &&
    payload !== null &&
    typeof t_ns === 'number' &&
    typeof timestamp_s === 'number'
  );
}
