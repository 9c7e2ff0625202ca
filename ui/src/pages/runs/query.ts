/** What the list shows, as the address says it and as central is asked for it. */

import type { Choices } from '../../lib/api/history';
import type { RunState } from '../../lib/api/documents';

export interface Filter {
  q: string;
  state: string;
  kind: string;
  tag: string;
  machine: string;
  /** The last run of the page before, empty on the first one. */
  after: string;
}

export const PAGE = 50;
export const NAMES = ['q', 'state', 'kind', 'tag', 'machine', 'after'] as const;

export function filterOf(query: URLSearchParams): Filter {
  const [q, state, kind, tag, machine, after] = NAMES.map((name) => query.get(name) ?? '');
  return { q: q ?? '', state: state ?? '', kind: kind ?? '', tag: tag ?? '', machine: machine ?? '', after: after ?? '' };
}

/** The address of the list; a changed filter begins at the newest run again. */
export function addressOf(filter: Filter): string {
  const query = said(filter).toString();
  return query ? `/runs?${query}` : '/runs';
}

export function changed(filter: Filter, part: Partial<Filter>): Filter {
  return { ...filter, after: '', ...part };
}

export function asked(filter: Filter): URLSearchParams {
  const query = said(filter);
  query.set('limit', String(PAGE));
  return query;
}

/** True where something narrows the list. */
export function narrows(filter: Filter): boolean {
  return NAMES.some((name) => name !== 'after' && filter[name].trim() !== '');
}

export interface Option {
  value: string;
  text: string;
}

/** The values of a select, with how many runs have each; the one that is chosen is always there. */
export function optionsOf(
  found: Choices[keyof Choices],
  chosen: string,
  words: Partial<Record<string, string>> = {},
): Option[] {
  const options = found.map(({ value, runs }) => ({
    value,
    text: `${words[value] ?? value} (${runs.toLocaleString('en')})`,
  }));
  if (chosen !== '' && !found.some(({ value }) => value === chosen)) {
    options.unshift({ value: chosen, text: `${words[chosen] ?? chosen} (0)` });
  }
  return options;
}

/** Only a run that is over can be deleted. */
export function isOver(state: RunState): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Split what was typed into tags: trimmed, each once, none too long for central. */
export function withTags(tags: readonly string[], typed: string): string[] {
  const more = typed.split(',').map((tag) => tag.trim().slice(0, 60));
  return [...new Set([...tags, ...more.filter((tag) => tag !== '')])];
}

function said(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const value = filter[name].trim();
    if (value !== '') query.set(name, value);
  }
  return query;
}
