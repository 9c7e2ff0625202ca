import { afterEach, describe, expect, it, vi } from 'vitest';

import { filterOf } from '../../src/pages/runs/query';
import { SavedFilters } from '../../src/pages/runs/saved.svelte';

const of = (query: string) => filterOf(new URLSearchParams(query));

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

describe('saved filters', () => {
  it('are there again on the next visit, without the page of the list', () => {
    const saved = new SavedFilters();
    saved.save('mine', of('q=a&sort=value&group=series&after=r&open=x'));
    saved.save('mine', of('q=b&after=r'));
    saved.save('other', of('tag=t'));
    expect(new SavedFilters().filters).toEqual([{ name: 'mine', query: 'q=b' }, { name: 'other', query: 'tag=t' }]);
    expect(saved.current(of('after=z&q=b'))?.name).toBe('mine');
    expect(saved.current(of('q=c'))).toBeNull();
    saved.remove('mine');
    expect(new SavedFilters().filters.map(({ name }) => name)).toEqual(['other']);
  });

  it('last as long as the page where the browser stores nothing', () => {
    const refuse = () => { throw new DOMException('refused'); };
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse });
    const saved = new SavedFilters();
    saved.save('mine', of('q=a'));
    expect([saved.filters.length, saved.stored]).toEqual([1, false]);
  });

  it('are read with distrust', () => {
    localStorage.setItem('benchrace.filters', JSON.stringify([null, 1, { name: 2, query: '' }, { name: 'x', query: 'q=1&bad=2' }]));
    expect(new SavedFilters().filters).toEqual([{ name: 'x', query: 'q=1' }]);
    localStorage.setItem('benchrace.filters', '{');
    expect(new SavedFilters().filters).toEqual([]);
  });
});
