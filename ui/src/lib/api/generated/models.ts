// Written by `make docs` from benchrace/api; do not edit.

import type { Group } from './config';
import type { Fit } from './run';

/** What a machine lacks of the policy. */
export interface Lacks {
  required: string[];
  optional: string[];
}

/** A model on one machine. `backends` have it; `fit` is null where no machine knows it. */
export interface ModelHere {
  model: string;
  has_model: boolean;
  backends: string[];
  fit: Fit | null;
}

/** `path` is the file; `backup` the copy of the previous one, if there was one. */
export interface PolicyAnswer {
  required: Group;
  optional: Group;
  path: string;
  backup: string | null;
}
