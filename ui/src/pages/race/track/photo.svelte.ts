/** The last round once more: from its start to the moment that the first lane finished, where it stays. */

import { photograph } from '../../../lib/race/ghost';
import type { Race } from '../../../lib/race/state';

/** How long watching it takes, whatever it took. */
const REPLAY_MS = 4_000;

export class Photo {
  /** Since the start of the round; null while the result is shown. */
  at_ms = $state<number | null>(null);

  constructor(
    private readonly race: () => Race,
    private readonly times: () => { first: number; last: number } | null,
    private readonly still: () => boolean,
  ) {}

  readonly shown = $derived.by(() => (this.at_ms === null ? null : photograph(this.race(), this.at_ms)));

  /** When the first lane finished. */
  get first_ms(): number {
    return this.times()?.first ?? 0;
  }

  get playing(): boolean {
    return this.at_ms !== null && this.at_ms < this.first_ms;
  }

  toggle(): void {
    if (this.at_ms !== null) this.at_ms = null;
    else if (this.still()) this.at_ms = this.first_ms;
    else this.play();
  }

  private play(): void {
    const began = performance.now();
    const step = () => {
      if (this.at_ms === null) return;
      const share = Math.min(1, (performance.now() - began) / REPLAY_MS);
      this.at_ms = share * this.first_ms;
      if (share < 1) requestAnimationFrame(step);
    };
    this.at_ms = 0;
    requestAnimationFrame(step);
  }
}
