// Written by `make docs` from benchrace/api; do not edit.

import type { FieldError } from './errors';
import type { Problem } from './plugin';

/** A lane that `only_ready` left out, with the reasons. */
export interface LeftOut {
  label: string;
  machine_id: string | null;
  backend: string | null;
  fields: FieldError[];
  problems: Problem[];
}

/**
 * The computer of a machine: agents of one host have the same `host_id`. `share_host` is true where the agent
 * may measure beside others of its host.
 */
export interface MachineHost {
  host_id: string;
  share_host: boolean;
}
