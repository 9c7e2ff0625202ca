/** Drawing in turns: a few a frame, so that many parts that change at once make no long frame. */

const A_FRAME = 2;

export class Turns {
  private readonly waiting = new Map<object, () => void>();
  private readonly alone = new Set<() => void>();
  private asked = false;

  constructor(private readonly frame: (callback: () => void) => unknown) {}

  /** Draw when it is this one's turn; of one who asks again meanwhile only the last is drawn. */
  ask(who: object, draw: () => void): void {
    this.waiting.set(who, draw);
    this.next();
  }

  leave(who: object): void {
    this.waiting.delete(who);
  }

  /** Draw before all others, in a frame that has no turns; gives a function that takes it back. */
  first(draw: () => void): () => void {
    this.alone.add(draw);
    this.next();
    return () => void this.alone.delete(draw);
  }

  private next(): void {
    if (this.asked || this.waiting.size + this.alone.size === 0) return;
    this.asked = true;
    this.frame(() => {
      this.asked = false;
      for (const draw of this.due()) draw();
      this.next();
    });
  }

  private due(): (() => void)[] {
    for (const draw of this.alone) {
      this.alone.delete(draw);
      return [draw];
    }
    const due = [...this.waiting].slice(0, A_FRAME);
    for (const [who] of due) this.waiting.delete(who);
    return due.map(([, draw]) => draw);
  }
}

/** All parts of a page take turns with each other. */
export const turns = new Turns((callback) => requestAnimationFrame(callback));
