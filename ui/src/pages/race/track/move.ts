/** A row that has another place now glides there from where it was: a transform, and no layout. Out of sight it is there at once. */

import { cubicOut } from 'svelte/easing';
import type { AnimationConfig } from 'svelte/animate';

const MOVE_MS = 400;

export function move(_node: Element, { from, to }: { from: DOMRect; to: DOMRect }, { still }: { still: boolean }): AnimationConfig {
  const [x, y] = [from.left - to.left, from.top - to.top];
  return {
    duration: still || !(inSight(from) || inSight(to)) ? 0 : MOVE_MS,
    easing: cubicOut,
    css: (_done, left) => `transform: translate(${x * left}px, ${y * left}px)`,
  };
}

function inSight({ top, bottom }: DOMRect): boolean {
  return bottom > 0 && top < innerHeight;
}
