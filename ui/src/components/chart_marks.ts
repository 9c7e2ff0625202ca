/** The numbers of lines, each at the end of its line. */

import type uPlot from 'uplot';

import { colour } from '../lib/theme/theme.svelte';
import type { Line } from './chart';

const SIZE = 12;
const BESIDE = 6;
/** Room for them, right of the lines. */
export const MARGIN = 26;

export interface Mark {
  x: number;
  y: number;
}

/** Draw them, over the lines. */
export function drawMarks(plot: uPlot, lines: readonly Line[], within: HTMLElement): void {
  const ratio = devicePixelRatio;
  const marks = lines.flatMap((line, at) => {
    const end = endOf(plot, at + 1);
    return line.mark === undefined || end === null ? [] : [{ ...end, line, text: line.mark }];
  });
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `600 ${SIZE * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.lineWidth = 3 * ratio;
  ctx.strokeStyle = colour(within, '--surface');
  const ys = apart(marks, SIZE * ratio, bbox.top + bbox.height);
  marks.forEach(({ x, line, text }, at) => {
    const place = [text, x + BESIDE * ratio, ys[at] ?? 0] as const;
    ctx.fillStyle = colour(within, line.colour);
    ctx.strokeText(...place);
    ctx.fillText(...place);
  });
  ctx.restore();
}

/** Heights at which marks of one place do not cover each other, as near to their own as can be. */
export function apart(marks: readonly Mark[], gap: number, bottom: number): number[] {
  const ys = marks.map((mark) => mark.y);
  const order = [...marks.keys()].sort((one, other) => (ys[one] ?? 0) - (ys[other] ?? 0));
  const close = (one: number, other: number) => Math.abs((marks[one]?.x ?? 0) - (marks[other]?.x ?? 0)) < 2 * gap;
  order.forEach((mark, at) => {
    const above = order.slice(0, at).filter((other) => close(mark, other)).map((other) => (ys[other] ?? 0) + gap);
    ys[mark] = Math.max(ys[mark] ?? 0, ...above);
  });
  // What was pushed out below goes up again, and what is there before it.
  order.reverse().forEach((mark, at) => {
    const below = order.slice(0, at).filter((other) => close(mark, other)).map((other) => (ys[other] ?? 0) - gap);
    ys[mark] = Math.min(ys[mark] ?? 0, bottom, ...below);
  });
  return ys;
}

function endOf(plot: uPlot, series: number): Mark | null {
  const [xs, ys] = [plot.data[0], plot.data[series] ?? []];
  for (let at = ys.length - 1; at >= 0; at -= 1) {
    const [x, y] = [xs[at], ys[at]];
    if (x != null && y != null) return { x: plot.valToPos(x, 'x', true), y: plot.valToPos(y, 'y', true) };
  }
  return null;
}
