/** What tells lanes apart besides their colour: number, and from lane 7 on dashes and shapes too. */

/** Lanes below are told apart by colour alone, by everybody: a test simulates it. */
const PLAIN = 6;

const DASHES = [[8, 4], [2, 4], [12, 4, 2, 4]] as const;

/** Of a dot: its corners, and what is cut off. */
const SHAPES = [
  { round: '0', clip: 'none' },
  { round: '0', clip: 'polygon(50% 0, 100% 100%, 0 100%)' },
  { round: '0', clip: 'polygon(50% 0, 100% 50%, 50% 100%, 0 50%)' },
] as const;
const CIRCLE = { round: '50%', clip: 'none' } as const;

/** The dashes of a lane's line, by its number in the run; null for a solid one. */
export function laneDash(index: number): readonly number[] | null {
  return index < PLAIN ? null : (DASHES[(index - PLAIN) % DASHES.length] ?? null);
}

/** The shape of a lane's dot, as `border-radius` and `clip-path`. */
export function laneShape(index: number): { round: string; clip: string } {
  return index < PLAIN ? CIRCLE : (SHAPES[(index - PLAIN) % SHAPES.length] ?? CIRCLE);
}

/** The number that people call a lane by. */
export function laneNumber(index: number): string {
  return String(index + 1);
}
