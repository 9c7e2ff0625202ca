import { describe, expect, it } from 'vitest';

import { ago } from '../../src/lib/format/date';
import { announce, ordinal } from '../../src/lib/format/place';
import { bytes, duration, percent, quantity, remaining, running, short } from '../../src/lib/format/quantity';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [3.14159, '3.14'],
    [99.96, '100'],
    [999.9, '1.00 k'],
    [1234, '1.23 k'],
    [50_000_000, '50 M'],
    [-2_500, '−2.50 k'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('says %s as %s', (value, said) => expect(short(value)).toBe(said));

  it('joins prefix and unit', () => {
    expect(quantity(1_234_567, 'primes/s')).toBe('1.23 Mprimes/s');
    expect(quantity(12.34, 'tok/s')).toBe('12.3 tok/s');
    expect(quantity(1500, 'ms')).toBe('1.50 s');
    expect(quantity(null, 'ms')).toBe('–');
  });

  it.each([
    [0.0123, '12.3 µs'],
    [12.3, '12.3 ms'],
    [1850, '1.85 s'],
    [125_000, '2 min 05 s'],
    [3_725_000, '1 h 02 min'],
  ])('says %s ms as %s', (ms, said) => expect(duration(ms)).toBe(said));

  it('promises no more of an estimate than is known', () => {
    expect(remaining(null)).toBe('not known yet');
    expect(remaining(400)).toBe('under a second');
    expect(remaining(42_000)).toBe('about 45 s');
    expect(remaining(600_000)).toBe('about 10 min');
    expect(running(1_234)).toBe('1.2 s');
  });

  it('says shares and sizes', () => {
    expect(percent(0.01234)).toBe('1.2 %');
    expect(percent(0.5)).toBe('50 %');
    expect(bytes(1536)).toBe('1.50 KiB');
    expect(bytes(24 * 2 ** 30)).toBe('24 GiB');
  });
});

describe('words', () => {
  it('says places', () => {
    expect([1, 2, 3, 4, 11, 12, 21].map(ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '12th', '21st']);
  });

  it('announces only what changed, and ties as ties', () => {
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
    expect(announce(before, after, labels)).toBe('one is tied 1st, two is tied 1st');
    expect(announce(after, after, labels)).toBe('');
  });

  it('says how long ago', () => {
    expect(ago(1000, 1002)).toBe('just now');
    expect(ago(1000, 1300)).toBe('5 minutes ago');
  });
});
