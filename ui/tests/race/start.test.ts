import { describe, expect, it } from 'vitest';
import { widestSpread } from '../../src/lib/race/start';

const heat = (number: number, spread_ns: number | null) => ({ heat: number, spread_ns, uncertainty_ns: spread_ns === null ? null : 1_000_000, staggered: false });

describe('how close together machines started', () => {
  it('is the widest spread with its uncertainty', () => {
    expect(widestSpread({ heats: [heat(0, 2_000_000), heat(1, 7_000_000), heat(2, null)] })).toBe('7 ms ± 1 ms');
  });

  it('is not shown where it is not known', () => {
    expect(widestSpread({ heats: [heat(0, null)] })).toBe('');
  });
});
