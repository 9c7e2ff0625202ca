import { describe, expect, it } from 'vitest';

import { directionText } from '../../src/lib/format/comparison';
import { ago } from '../../src/lib/format/date';
import { announce, ordinal } from '../../src/lib/format/place';
import { about, duration, running } from '../../src/lib/format/quantity';

describe('times', () => {
  it('are shown from milliseconds, and a running one in tenths', () => {
    expect([duration(1850), duration(0.0123), duration(null)]).toEqual(['1.85 s', '12.3 µs', '–']);
    expect([1_234, 59_960, null].map(running)).toEqual(['1.2 s', '1 min 00 s', '–']);
  });
});

describe('estimates', () => {
  it('are no finer than they are known', () => {
    const seconds = [0.4, 7.2, 33, 57, 101, 598, 1234, 8000];
    expect(seconds.map((s) => about(s * 1e9))).toEqual([
      'under a second',
      'about 7 s',
      'about 35 s',
      'about 1 min',
      'about 1 min 40 s',
      'about 10 min',
      'about 21 min',
      'about 2.2 h',
    ]);
    expect(about(null)).toBe('–');
  });
});

describe('words', () => {
  it('says places', () => {
    expect([1, 2, 3, 4, 11, 12, 21].map(ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '12th', '21st']);
  });

  it('announces only what changed, and shared places as such', () => {
    const labels = new Map([
      ['a', 'one'],
      ['b', 'two'],
      ['c', 'three'],
    ]);
    const before = new Map([['c', 3]]);
    const after = new Map([
      ['a', 1],
      ['b', 1],
      ['c', 3],
    ]);
    expect(announce(before, after, labels)).toBe('one is joint 1st, two is joint 1st');
    expect(announce(after, after, labels)).toBe('');
  });

  it('says how long ago', () => {
    expect(ago(1000, 1002)).toBe('just now');
    expect(ago(1000, 1300)).toBe('5 minutes ago');
  });
});

it('the better direction of a metric is said where it has one', () => {
  expect(['higher', 'lower', 'none'].map(directionText)).toEqual(['higher is better', 'lower is better', '']);
});
