/** One unit for several values, so that it stands once: in the head of a row or a column. */

import { DASH, digits, EDGE, shown, type Value } from './number';
import { apart, between, prefixFor, SHORT_TIMES, spaced, TIMES_NS } from './quantity';

type Bounds = readonly [Value, Value] | null | undefined;

export interface Scale {
  unit: string;
  /** Three significant digits, without the unit. */
  text: (value: Value) => string;
  /** `701–823`. */
  interval: (bounds: Bounds) => string;
  /** A text with the unit: `12.3 Mprimes/s`. */
  withUnit: (text: string) => string;
}

const TIMES: readonly (readonly [number, string])[] = [[6e10, 'min'], ...SHORT_TIMES];

/** The prefix, or the unit of time, that suits the largest of the values. */
export function scaleOf(values: readonly Value[], unit: string): Scale {
  const largest = Math.max(0, ...values.filter(shown).map(Math.abs));
  const ns = TIMES_NS.get(unit);
  const [factor, shared] = ns === undefined ? prefixFor(largest, unit) : timeFor(largest * ns, unit, ns);
  return {
    unit: shared,
    text: (value) => (shown(value) ? digits(value / factor) : DASH),
    interval: (bounds) => intervalText(bounds, factor),
    withUnit: (text) => (text === DASH ? DASH : spaced(text, shared)),
  };
}

function timeFor(largest_ns: number, unit: string, ns: number): readonly [number, string] {
  const step = TIMES.find(([size]) => largest_ns >= size * EDGE);
  return step ? [step[0] / ns, step[1]] : [1, unit];
}

function intervalText(bounds: Bounds, factor: number): string {
  const [low, high] = bounds ?? [];
  if (!shown(low) || !shown(high)) return DASH;
  return between(...apart(low / factor, high / factor), low < 0 ? ' to ' : '–');
}
