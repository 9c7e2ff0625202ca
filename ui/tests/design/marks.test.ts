import { describe, expect, it } from 'vitest';

import { apart } from '../../src/components/chart_marks';

describe('the numbers at the ends of lines', () => {
  it('stay where nothing is in their way', () => {
    expect(apart([{ x: 9, y: 50 }, { x: 9, y: 10 }, { x: 90, y: 11 }], 12, 200)).toEqual([50, 10, 11]);
  });

  it('give way to those above, and go up again at the bottom', () => {
    expect(apart([{ x: 9, y: 52 }, { x: 9, y: 50 }, { x: 9, y: 50 }], 12, 200)).toEqual([74, 50, 62]);
    expect(apart([{ x: 9, y: 99 }, { x: 9, y: 100 }], 12, 100)).toEqual([88, 100]);
  });
});
