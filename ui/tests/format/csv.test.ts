import { describe, expect, it } from 'vitest';

import { linesCsv } from '../../src/components/chart_csv';
import { csv } from '../../src/lib/format/csv';

describe('the CSV of a chart', () => {
  it('has a column for each line with its unit, and a row for each place', () => {
    const lines = [
      { label: 'a', colour: '--lane-0', points: [{ x: 2, y: 5.25 }, { x: 1, y: 4 }] },
      { label: 'b, c', colour: '--lane-1', points: [{ x: 2, y: null }, { x: 10, y: 1e-7 }] },
    ];
    expect(linesCsv(lines, 'Time (s)', 'tok/s')).toBe('Time (s),a (tok/s),"b, c (tok/s)"\r\n1,4,\r\n2,5.25,\r\n10,,1e-7\r\n');
  });

  it('quotes foreign text, and lets no spreadsheet calculate it', () => {
    expect(csv([['=1+1', 'say "x"', 'two\nlines', -1, null]])).toBe(`'=1+1,"say ""x""","two\nlines",-1,\r\n`);
  });
});
