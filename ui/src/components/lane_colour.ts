/** The colour of a lane, by its number in the run. */

export const COLOURS = 8;

export function laneColour(index: number): string {
  return `--lane-${index % COLOURS}`;
}
