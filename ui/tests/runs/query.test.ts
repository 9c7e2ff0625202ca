import { describe, expect, it } from 'vitest';

import { addressOf, asked, changed, filterOf, isOver, narrows, optionsOf, withTags } from '../../src/pages/runs/query';

const of = (query: string) => filterOf(new URLSearchParams(query));

describe('the address of the list', () => {
  it('holds the whole filter, and nothing that is empty', () => {
    const filter = of('q=night+race&tag=a%26b&state=done&kind=&machine=m&after=x&else=y');
    expect(addressOf(filter)).toBe('/runs?q=night+race&state=done&tag=a%26b&machine=m&after=x');
    expect(filterOf(new URL(addressOf(filter), 'http://x').searchParams)).toEqual(filter);
    expect(addressOf(of(''))).toBe('/runs');
    expect(addressOf(of('q=%20'))).toBe('/runs');
  });

  it('begins at the newest run again when the filter changes', () => {
    expect(changed(of('q=a&after=x'), { tag: 't' })).toMatchObject({ q: 'a', tag: 't', after: '' });
  });

  it('asks central for one page', () => {
    expect(asked(of('tag=t&after=x')).toString()).toBe('tag=t&after=x&limit=50');
  });

  it('tells whether something narrows the list', () => {
    expect(narrows(of('machine=m'))).toBe(true);
    expect(narrows(of('after=x'))).toBe(false);
  });
});

describe('the choices of a select', () => {
  it('say how many runs each has, in words', () => {
    const found = [{ value: 'done', runs: 12_000 }];
    expect(optionsOf(found, '', { done: 'finished' })).toEqual([{ value: 'done', text: 'finished (12,000)' }]);
  });

  it('keep what is chosen when no run has it any more', () => {
    expect(optionsOf([], 'gone')).toEqual([{ value: 'gone', text: 'gone (0)' }]);
  });
});

it('tags are trimmed, each kept once, and cut to what central takes', () => {
  expect(withTags(['a'], ' b, a ,, c ')).toEqual(['a', 'b', 'c']);
  expect(withTags([], 'x'.repeat(70))[0]).toHaveLength(60);
});

it('only what is over can be deleted', () => {
  expect((['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted'] as const).map(isOver)).toEqual([
    false, false, true, true, true, true,
  ]);
});
