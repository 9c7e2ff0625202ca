/** Segments of a recording: which is heard at a time, and how they are written. */

import type { Segment } from './transcripts';

/** The number of the segment that is heard at a time in s; -1 between two. */
export function segmentAt(segments: readonly Segment[], time_s: number): number {
  return segments.findLastIndex((segment) => segment.start_s <= time_s && time_s < segment.end_s);
}

/** A place in a recording: `1:02.5`, `1:00:02.5`. */
export function place(seconds: number): string {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, tenths % 600];
  const end = `${two(Math.floor(rest / 10))}.${rest % 10}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${end}` : `${minutes}:${end}`;
}

export interface LiveLine {
  /** Null where the line is not a segment, such as the name of a file. */
  times: string | null;
  text: string;
}

const STAMPED = /^\[((?:\d+:)?\d\d:\d\d\.\d{3}) --> ((?:\d+:)?\d\d:\d\d\.\d{3})\] (.*)$/;

/** The segments in the last part of what a lane says: each is a line of its own. */
export function liveLines(text: string): LiveLine[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, start, end, said] = STAMPED.exec(line) ?? [];
      return start && end ? { times: `${place(secondsOf(start))} – ${place(secondsOf(end))}`, text: said ?? '' } : { times: null, text: line };
    });
}

function secondsOf(stamp: string): number {
  return stamp.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
