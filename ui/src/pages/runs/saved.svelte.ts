/** Filters with names, kept in this browser. */

import { addressOf, filterOf, type Filter } from './query';

export interface SavedFilter {
  name: string;
  query: string;
}

const KEY = 'benchrace.filters';
const MOST = 50;

export class SavedFilters {
  filters = $state.raw<SavedFilter[]>(read());
  /** False where the browser keeps nothing: the filters are then lost with the page. */
  stored = $state(true);

  /** A name that exists gets the new filter. */
  save(name: string, filter: Filter): void {
    const saved = { name, query: queryOf(filter) };
    this.put([...this.filters.filter((one) => one.name !== name), saved].slice(-MOST));
  }

  remove(name: string): void {
    this.put(this.filters.filter((one) => one.name !== name));
  }

  /** The saved filter that a list shows now. */
  current(filter: Filter): SavedFilter | null {
    const query = queryOf(filter);
    return this.filters.find((one) => one.query === query) ?? null;
  }

  private put(filters: SavedFilter[]): void {
    this.filters = filters;
    try {
      localStorage.setItem(KEY, JSON.stringify(filters));
      this.stored = true;
    } catch {
      this.stored = false;
    }
  }
}

/** What a filter is saved as: without the page of the list and what is open on it. */
export function queryOf(filter: Filter): string {
  return new URL(addressOf({ ...filter, after: '', open: '' }), 'http://runs').search.slice(1);
}

function read(): SavedFilter[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored.flatMap((one: unknown) => {
      const { name, query } = (one ?? {}) as Partial<Record<'name' | 'query', unknown>>;
      if (typeof name !== 'string' || typeof query !== 'string') return [];
      return [{ name, query: queryOf(filterOf(new URLSearchParams(query))) }];
    });
  } catch {
    return [];
  }
}
