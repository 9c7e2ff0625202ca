/** Lines for a chart, and the options that draw them in the design's colours. */

import type uPlot from 'uplot';

import { colour } from '../lib/theme/theme.svelte';
import { drawMarks, MARGIN } from './chart_marks';
import { nearest } from './chart_reading';

export interface Line {
  label: string;
  /** A custom property of the design, such as `--lane-0`. */
  colour: string;
  /** The dashes of the line; solid without. */
  dash?: readonly number[] | null;
  /** What stands at its end. */
  mark?: string;
  faint?: boolean;
  /** The outline of a dot at each point, of radius 1; none without. */
  dot?: string;
  points: readonly { x: number; y: number | null }[];
}

export interface Look {
  height: number;
  x: (value: number) => string;
  y: (value: number) => string;
  /** Whole numbers only along x: rounds. */
  counted?: boolean;
  most?: number | undefined;
  /** A value as it is read at the crosshair; as on the axis without. */
  read?: (value: number) => string;
}

type Options = Omit<uPlot.Options, 'width'>;

export function options(lines: readonly Line[], look: Look, within: HTMLElement, moved: (plot: uPlot) => void): Options {
  const axis = {
    stroke: colour(within, '--ink-soft'),
    grid: { stroke: colour(within, '--hairline'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    height: look.height,
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false },
      dataIdx: (plot, line, at, x) => (look.counted ? at : nearest(plot.data, line, at, x)),
      move: (plot, left, top) => [look.counted && left >= 0 ? plot.valToPos(Math.round(plot.posToVal(left, 'x')), 'x') : left, top],
    },
    padding: [null, MARGIN, null, null],
    hooks: { draw: [(plot) => drawMarks(plot, lines, within)], setCursor: [moved] },
    scales: {
      x: { time: false },
      y: { range: (_plot, _low, high) => [0, look.most ?? Math.max(high * 1.08, 1e-9)] },
    },
    axes: [
      { ...axis, size: 28, values: (_plot, splits) => splits.map(look.x), ...(look.counted ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000] } : {}) },
      { ...axis, size: 68, values: (_plot, splits) => splits.map(look.y) },
    ],
    series: [{}, ...lines.map((line) => series(line, within))],
  };
}

/** So many places along x are about as many as pixels; all lines share them. */
const MAX_PLACES = 512;

export function data(lines: readonly Line[], join: typeof uPlot.join, counted = false): uPlot.AlignedData {
  const step = counted ? 0 : stepOf(lines);
  const tables = lines.map(({ points }) => {
    const places = new Map(points.map(({ x, y }) => [step ? Math.round(x / step) * step : x, y]));
    return [[...places.keys()], [...places.values()]] as uPlot.AlignedData;
  });
  return tables.length === 0 ? [[]] : join(tables);
}

/** How far apart places are where the lines have too many of their own; a power of two, so that they stay when a line grows. */
function stepOf(lines: readonly Line[]): number {
  const xs = new Set(lines.flatMap((line) => line.points.map((point) => point.x)));
  return xs.size <= MAX_PLACES ? 0 : 2 ** Math.ceil(Math.log2(Math.max(...xs) / MAX_PLACES));
}

/** Two lists of lines with one shape need no new chart, only new data. */
export function shape(lines: readonly Line[]): string {
  return JSON.stringify(lines.map((line) => [line.label, line.colour, line.dash, line.mark, line.dot]));
}

/** How a line is drawn that fades when its round is over: it changes while the chart stays. */
export function strength({ faint, dash }: Line): { width: number; dash: number[] } {
  return { width: faint ? 1 : 2, dash: faint ? [4, 4] : [...(dash ?? [])] };
}

function series(line: Line, within: HTMLElement): uPlot.Series {
  const stroke = colour(within, line.colour);
  return {
    label: line.label,
    stroke,
    ...strength(line),
    spanGaps: true,
    points: line.dot === undefined ? { show: false } : { show: true, size: 7, fill: stroke, stroke, paths: dots(line.dot) },
  };
}

function dots(outline: string): uPlot.Series.Points.PathBuilder {
  return (plot, line, from, to) => {
    const [one, fill] = [new Path2D(outline), new Path2D()];
    const radius = 4 * devicePixelRatio;
    for (let at = from; at <= to; at += 1) {
      const [x, y] = [plot.data[0][at], plot.data[line]?.[at]];
      if (x == null || y == null) continue;
      fill.addPath(one, { a: radius, d: radius, e: plot.valToPos(x, 'x', true), f: plot.valToPos(y, 'y', true) });
    }
    return { fill };
  };
}
