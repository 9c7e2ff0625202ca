/** The kinds of work that the fleet offers, shared by the header and the form. */

import type { KindAnswer } from '../api/documents';

class Offered {
  /** Null until central has answered. */
  kinds = $state.raw<readonly string[] | null>(null);

  learn(answers: readonly KindAnswer[]): void {
    const kinds = answers.map((answer) => answer.kind);
    if (kinds.join() !== this.kinds?.join()) this.kinds = kinds;
  }
}

export const offered = new Offered();
