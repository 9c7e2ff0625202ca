import { describe, expect, it } from 'vitest';

import { addressOf, apiQuery, changed, filterOf, isOpen, isOver, narrows, optionsOf, seriesFilter, sortedBy, sorting, turned, withTags } from '../../src/pages/runs/query';

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
    expect(apiQuery(of('tag=t&after=x')).toString()).toBe('tag=t&after=x&limit=50');
  });

  it('tells whether something narrows the list', () => {
    expect(narrows(of('machine=m'))).toBe(true);
    expect(narrows(of('after=x'))).toBe(false);
  });
});

describe('the list by series', () => {
  it('is in the address with what is open, and central is asked without both', () => {
    const open = turned(turned(of('q=a&group=series&sort=value'), 'x'), 'y');
    expect(addressOf(open)).toBe('/runs?q=a&sort=value&group=series&open=x%2Cy');
    expect([isOpen(open, 'x'), isOpen(open, 'z'), isOpen(of(''), 'x')]).toEqual([true, false, false]);
    expect(turned(open, 'x').open).toBe('y');
    expect(apiQuery(open).toString()).toBe('q=a&sort=value&limit=50');
  });

  it('lists the runs of one with the same filter, newest first', () => {
    const one = seriesFilter(of('q=a&group=series&open=x&sort=value&after=r'), 'x');
    expect(addressOf(one)).toBe('/runs?q=a&series=x');
    expect(narrows(of('series=x'))).toBe(true);
  });
});

describe('the order of the list', () => {
  it('is in the address, unless it is the newest first', () => {
    const value = changed(of('q=a'), sortedBy(of('q=a'), 'value'));
    expect(addressOf(value)).toBe('/runs?q=a&sort=value');
    const turned = changed(value, sortedBy(value, 'value'));
    expect(addressOf(turned)).toBe('/runs?q=a&sort=value&order=ascending');
    expect(sorting(turned)).toEqual({ sort: 'value', order: 'ascending' });
    expect(addressOf(changed(turned, sortedBy(turned, 'created')))).toBe('/runs?q=a');
    expect(narrows(of('sort=value&order=ascending'))).toBe(false);
  });

  it('begins with the letter A for names', () => {
    expect(sortedBy(of(''), 'title')).toEqual({ sort: 'title', order: 'ascending' });
  });

  it('that central does not know is not asked for', () => {
    expect(apiQuery(of('sort=x&order=up')).toString()).toBe('limit=50');
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
