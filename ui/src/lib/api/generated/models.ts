// Written by `make docs` from benchrace/api; do not edit.

import type { Group } from './config';
import type { Fit, Prediction } from './planning';

/** What a machine lacks of the policy. */
export interface Lacks {
  required: string[];
  optional: string[];
}

/**
 * A model on one machine. `backends` have it; `fit` is null where no machine knows it. `predictions` are by
 * backend; where the machine lacks the model, by those of the machines that have it.
 */
export interface ModelHere {
  model: string;
  has_model: boolean;
  backends: string[];
  fit: Fit | null;
  predictions: Record<string, Prediction>;
}

/** `path` is the file; `backup` the copy of the previous one, if there was one. */
export interface PolicyAnswer {
  required: Group;
  optional: Group;
  path: string;
  backup: string | null;
}
