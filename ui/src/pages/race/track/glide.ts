/**
 * Rows that have another place glide there from where they were: transforms, and no layout but the one that is due.
 * All are measured before any is moved: between two moves a measurement would cost a layout each.
 */

import type { Attachment } from 'svelte/attachments';

const GLIDE_MS = 400;
const EASING = 'cubic-bezier(0.215, 0.61, 0.355, 1)';

export class Glide {
  private readonly rows = new Set<HTMLElement>();
  private readonly gliding = new Map<HTMLElement, Animation>();
  private before = new Map<HTMLElement, DOMRect>();

  /** Have an element glide, as long as it is there. */
  readonly row: Attachment<HTMLElement> = (element) => {
    this.rows.add(element);
    return () => {
      this.rows.delete(element);
      this.gliding.delete(element);
    };
  };

  /** Take where the rows are, glides under way included. */
  start(): void {
    this.before = measured(this.rows);
  }

  /** Move the rows from there to the places that they have by now; out of sight a row is there at once. */
  go(): void {
    if (this.before.size === 0) return;
    for (const animation of this.gliding.values()) animation.cancel();
    this.gliding.clear();
    for (const [element, to] of measured(this.rows)) {
      const from = this.before.get(element) ?? to;
      if (from.top === to.top || !(inSight(from) || inSight(to))) continue;
      const frames = [{ transform: `translateY(${from.top - to.top}px)` }, { transform: 'none' }];
      const animation = element.animate(frames, { duration: GLIDE_MS, easing: EASING });
      this.gliding.set(element, animation);
      animation.onfinish = () => this.gliding.delete(element);
    }
    this.before.clear();
  }
}

function measured(elements: Iterable<HTMLElement>): Map<HTMLElement, DOMRect> {
  return new Map([...elements].map((element) => [element, element.getBoundingClientRect()]));
}

function inSight({ top, bottom }: DOMRect): boolean {
  return bottom > 0 && top < innerHeight;
}
