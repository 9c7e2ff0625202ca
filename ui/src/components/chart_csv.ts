/** The numbers of a chart as CSV, with units in the header row. */

import { csv, withUnit } from '../lib/format/csv';
import type { Line } from './chart';

/** One row for each place along x, one column for each line; empty where a line has no point. */
export function linesCsv(lines: readonly Line[], x: string, unit: string): string {
  const columns = lines.map((line) => new Map(line.points.map((point) => [point.x, point.y])));
  const places = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((one, other) => one - other);
  return csv([
    [x, ...lines.map((line) => withUnit(line.label, unit))],
    ...places.map((place) => [place, ...columns.map((column) => column.get(place) ?? null)]),
  ]);
}
