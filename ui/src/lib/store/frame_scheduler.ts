/** Spread drawing over frames: a few parts a frame, so that many changes at once cause no long frame. */

const MAX_PER_FRAME = 2;

export class FrameScheduler {
  private readonly waiting = new Map<object, () => void>();
  private readonly exclusive = new Set<() => void>();
  private pending = false;

  constructor(private readonly frame: (callback: () => void) => unknown) {}

  /** Draw in one of the next frames; of several draws of one owner, only the last is done. */
  schedule(owner: object, draw: () => void): void {
    this.waiting.set(owner, draw);
    this.next();
  }

  cancel(owner: object): void {
    this.waiting.delete(owner);
  }

  /** Draw before all others, in a frame of its own; returns a function that cancels it. */
  scheduleFirst(draw: () => void): () => void {
    this.exclusive.add(draw);
    this.next();
    return () => void this.exclusive.delete(draw);
  }

  private next(): void {
    if (this.pending || this.waiting.size + this.exclusive.size === 0) return;
    this.pending = true;
    this.frame(() => {
      this.pending = false;
      for (const draw of this.due()) draw();
      this.next();
    });
  }

  private due(): (() => void)[] {
    for (const draw of this.exclusive) {
      this.exclusive.delete(draw);
      return [draw];
    }
    const due = [...this.waiting].slice(0, MAX_PER_FRAME);
    for (const [owner] of due) this.waiting.delete(owner);
    return due.map(([, draw]) => draw);
  }
}

/** One scheduler for all parts of a page. */
export const frames = new FrameScheduler((callback) => requestAnimationFrame(callback));
