/** The same race once more: the address of a form that is filled with it. */

import type { RunSpec } from '../../lib/api/documents';
import { sectionOf } from '../table';

export function againAddress(kind: string, spec: RunSpec): string {
  const repeated = { ...spec, tags: undefined, notes: undefined };
  return `${sectionOf(kind).path}?spec=${encodeURIComponent(JSON.stringify(repeated))}`;
}
