/** The condition of a machine in words. */

import type { Machine } from '../api/documents';

/** `ready`, `busy`, `degraded` or `offline`, as commands and the API say it; `excluded` where an operator excluded it. */
export function conditionLabel({ condition, excluded }: Pick<Machine, 'condition' | 'excluded'>): string {
  return excluded ? `${condition}, excluded` : condition;
}
