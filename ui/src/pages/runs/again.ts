/** The same race once more: the address of a form that is filled with it. */

import type { RunSpec } from '../../lib/api/documents';
import { sectionOf } from '../table';

/** `continues` is the run that it repeats with more rounds. */
export function againAddress(kind: string, spec: RunSpec, continues?: string): string {
  const repeated = { ...spec, tags: undefined, notes: undefined, continues };
  return `${sectionOf(kind).path}?spec=${encodeURIComponent(JSON.stringify(repeated))}`;
}
