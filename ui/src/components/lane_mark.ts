/** What tells lanes apart besides their colour: number, and from lane 7 on dashes and shapes too. */

/** Lanes below are told apart by colour alone, by everybody: a test simulates it. */
const PLAIN = 6;

const DASHES = [[8, 4], [2, 4], [12, 4, 2, 4]] as const;

interface Shape {
  /** Of an element: its corners, and what is cut off. */
  round: string;
  clip: string;
  /** Of a drawing: the outline, of radius 1. */
  path: string;
}

const SHAPES: readonly Shape[] = [
  { round: '0', clip: 'none', path: 'M-.9-.9H.9V.9H-.9Z' },
  { round: '0', clip: 'polygon(50% 0, 100% 100%, 0 100%)', path: 'M0-1.1 1.1.9H-1.1Z' },
  { round: '0', clip: 'polygon(50% 0, 100% 50%, 50% 100%, 0 50%)', path: 'M0-1.25 1.25 0 0 1.25-1.25 0Z' },
];
const CIRCLE: Shape = { round: '50%', clip: 'none', path: 'M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0Z' };

/** The dashes of a lane's line, by its number in the run; null for a solid one. */
export function laneDash(index: number): readonly number[] | null {
  return index < PLAIN ? null : (DASHES[(index - PLAIN) % DASHES.length] ?? null);
}

/** The shape of a lane's dot. */
export function laneShape(index: number): Shape {
  return index < PLAIN ? CIRCLE : (SHAPES[(index - PLAIN) % SHAPES.length] ?? CIRCLE);
}

/** The number that people call a lane by. */
export function laneNumber(index: number): string {
  return String(index + 1);
}
