/** How far a round was, over its own time: at most 100 points, however long it takes. */

export interface Point {
  ms: number;
  done: number;
}

export interface Trace {
  points: readonly Point[];
  /** The least time between two points; doubles whenever the points are thinned out. */
  step_ms: number;
}

export const MAX_POINTS = 100;
const FIRST_STEP_MS = 10;

export const EMPTY: Trace = { points: [{ ms: 0, done: 0 }], step_ms: FIRST_STEP_MS };

/** Add a point; one that comes too soon moves the last one instead. */
export function extend(trace: Trace, ms: number, done: number): Trace {
  const point = { ms, done };
  const before = trace.points.at(-2);
  if (before !== undefined && ms - before.ms < trace.step_ms) {
    return { ...trace, points: [...trace.points.slice(0, -1), point] };
  }
  if (trace.points.length < MAX_POINTS) return { ...trace, points: [...trace.points, point] };
  const thinned = trace.points.filter((_, index) => index % 2 === 0);
  return { points: [...thinned, point], step_ms: trace.step_ms * 2 };
}

/** Read how far it was at a time, between points on a straight line. */
export function doneAt(trace: Trace, ms: number): number {
  const { points } = trace;
  const after = points.findIndex((point) => point.ms >= ms);
  if (after === -1) return points.at(-1)?.done ?? 0;
  const high = points[after];
  const low = points[after - 1];
  if (high === undefined || low === undefined) return high?.done ?? 0;
  const span = high.ms - low.ms;
  return span <= 0 ? high.done : low.done + ((high.done - low.done) * (ms - low.ms)) / span;
}

/** When it was that far, between points on a straight line; null where it never was. */
export function msAt(trace: Trace, done: number): number | null {
  const { points } = trace;
  const after = points.findIndex((point) => point.done >= done);
  const high = points[after];
  if (high === undefined) return null;
  const low = points[after - 1];
  const span = low === undefined ? 0 : high.done - low.done;
  return low === undefined || span <= 0 ? high.ms : low.ms + ((high.ms - low.ms) * (done - low.done)) / span;
}

/** The slope over the last points, per second; null where there are too few. For the eye only. */
export function latestRate(trace: Trace, over = 8): number | null {
  const to = trace.points.at(-1);
  const from = trace.points.at(-1 - Math.min(over, trace.points.length - 2));
  if (to === undefined || from === undefined || trace.points.length < 4 || to.ms <= from.ms) return null;
  return ((to.done - from.done) / (to.ms - from.ms)) * 1000;
}

/** The slope between points, per second, smoothed over a few of them: for a live chart only. */
export function rates(trace: Trace, over = 5): Point[] {
  const points: Point[] = [];
  for (let index = 1; index < trace.points.length; index += 1) {
    const from = trace.points[Math.max(0, index - over)];
    const to = trace.points[index];
    if (from === undefined || to === undefined || to.ms <= from.ms) continue;
    points.push({ ms: to.ms, done: ((to.done - from.done) / (to.ms - from.ms)) * 1000 });
  }
  return points;
}
