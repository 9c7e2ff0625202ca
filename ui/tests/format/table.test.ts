/** The cases of `tests/formatting.json`: terminal and exports are held to the same table. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ratio } from '../../src/lib/format/comparison';
import { ordinal } from '../../src/lib/format/place';
import * as format from '../../src/lib/format/quantity';
import { scaleOf } from '../../src/lib/format/scale';

type Case = unknown[];

const TABLE = JSON.parse(readFileSync(join(process.cwd(), '../tests/formatting.json'), 'utf8')) as { both: Record<string, Case[]> };
const NOT_FINITE = new Set(['NaN', 'Infinity', '-Infinity']);

const FORMATS: Record<string, (...given: never[]) => string> = {
  digits: format.digits,
  number: format.short,
  count: format.count,
  plural: format.plural,
  ordinal,
  percent: format.percent,
  ratio,
  change: format.change,
  quantity: format.quantity,
  exact_quantity: (value: number, unit: string) => format.quantity(value, unit, true),
  prose: format.prose,
  duration: format.durationNs,
  // The table has nanoseconds.
  remaining: (ns: number | null) => format.remaining(ns === null ? null : ns / 1e6),
  file_size: format.fileSize,
  memory_size: format.memorySize,
  interval: format.interval,
  column: (values: number[], unit: string) => {
    const scale = scaleOf(values, unit);
    return `${scale.unit}: ${values.map(scale.text).join(', ')}; ${scale.interval([values[0], values.at(-1)])}`;
  },
};

/** JSON has no NaN, and infinities neither. */
function argument(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(argument);
  return typeof value === 'string' && NOT_FINITE.has(value) ? Number(value) : value;
}

describe('formatting, as in terminal and exports', () => {
  it('knows every function of the table', () => expect(Object.keys(FORMATS).sort()).toEqual(Object.keys(TABLE.both).sort()));

  describe.each(Object.entries(TABLE.both))('%s', (name, cases) => {
    it.each(cases.map((each) => [JSON.stringify(each), each] as const))('%s', (_, each) => {
      const text = each.at(-1) ?? format.DASH;
      expect(FORMATS[name]?.(...(each.slice(0, -1).map(argument) as never[]))).toBe(text);
    });
  });
});
