/** Drawing in turns: a few a frame, so that many parts that change at once make no long frame. */

const A_FRAME = 2;

export class Turns {
  private readonly waiting = new Map<object, () => void>();
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

  private next(): void {
    if (this.asked || this.waiting.size === 0) return;
    this.asked = true;
    this.frame(() => {
      this.asked = false;
      for (const [who, draw] of [...this.waiting].slice(0, A_FRAME)) {
        this.waiting.delete(who);
        draw();
      }
      this.next();
    });
  }
}

/** All parts of a page take turns with each other. */
export const turns = new Turns((callback) => requestAnimationFrame(callback));
