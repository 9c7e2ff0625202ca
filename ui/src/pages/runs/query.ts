/** What the list shows, as the address says it and as central is asked for it. */

import type { Choices, Direction, Sort } from '../../lib/api/history';
import { count } from '../../lib/format/number';

export { isOver } from '../../lib/api/documents';

export interface Filter {
  q: string;
  state: string;
  kind: string;
  tag: string;
  machine: string;
  sort: string;
  order: string;
  /** Runs of one series alone. */
  series: string;
  /** `series` where those of one series are listed together, and which of these are open. */
  group: string;
  open: string;
  /** The last run of the page before, empty on the first one. */
  after: string;
}

export const PAGE = 50;
export const NAMES = ['q', 'state', 'kind', 'tag', 'machine', 'series', 'sort', 'order', 'group', 'open', 'after'] as const;

const NARROWING = ['q', 'state', 'kind', 'tag', 'machine', 'series'] as const;
export const NO_FILTER = { q: '', state: '', kind: '', tag: '', machine: '', series: '' } as const;

export function filterOf(query: URLSearchParams): Filter {
  const value = (name: (typeof NAMES)[number]) => query.get(name) ?? '';
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Record<(typeof NAMES)[number], string>;
}

/** The address of the list; a changed filter begins at the newest run again. */
export function addressOf(filter: Filter): string {
  const query = toQuery(filter).toString();
  return query ? `/runs?${query}` : '/runs';
}

export function changed(filter: Filter, part: Partial<Filter>): Filter {
  return { ...filter, after: '', ...part };
}

export function apiQuery(filter: Filter): URLSearchParams {
  const query = toQuery({ ...filter, ...sortQuery(filter), group: '', open: '' });
  query.set('limit', String(PAGE));
  return query;
}

/** The runs of one series in a filtered list, newest first. */
export function seriesFilter(filter: Filter, series: string): Filter {
  return { ...filter, series, sort: '', order: '', group: '', open: '', after: '' };
}

export function isOpen(filter: Filter, series: string): boolean {
  return filter.open.split(',').includes(series);
}

/** Open or close a series of the list. */
export function turned(filter: Filter, series: string): Filter {
  const others = filter.open.split(',').filter((one) => one !== '' && one !== series);
  return { ...filter, open: (isOpen(filter, series) ? others : [...others, series]).join(',') };
}

/** True where something narrows the list. */
export function narrows(filter: Filter): boolean {
  return NARROWING.some((name) => filter[name].trim() !== '');
}

/** The columns that the list is sorted by, each with the order that it begins with. */
export const SORTS = {
  title: { title: 'Race', first: 'ascending' },
  result: { title: 'Result', first: 'descending' },
  value: { title: 'Value', first: 'descending' },
  confidence: { title: 'Confidence', first: 'descending' },
  machine: { title: 'Machines', first: 'ascending' },
  created: { title: 'When', first: 'descending' },
} as const satisfies Record<Sort, { title: string; first: Direction }>;

/** What the list is sorted by now; an address that names nothing known is that of the newest first. */
export function sorting(filter: Filter): { sort: Sort; order: Direction } {
  const sort = Object.hasOwn(SORTS, filter.sort) ? (filter.sort as Sort) : 'created';
  const order = filter.order === 'ascending' || filter.order === 'descending' ? filter.order : 'descending';
  return { sort, order };
}

/** The order of a column's values where it is chosen: the other one where it is chosen already. */
export function sortedBy(filter: Filter, sort: Sort): Pick<Filter, 'sort' | 'order'> {
  const now = sorting(filter);
  const turned = now.order === 'ascending' ? 'descending' : 'ascending';
  const order = now.sort === sort ? turned : SORTS[sort].first;
  const newest = sort === 'created' && order === 'descending';
  return { sort: newest ? '' : sort, order: newest || order === 'descending' ? '' : order };
}

export interface Option {
  value: string;
  text: string;
}

/** The values of a select, with how many runs have each; the one that is chosen is always there. */
export function optionsOf(
  choices: Choices[keyof Choices],
  chosen: string,
  words: Partial<Record<string, string>> = {},
): Option[] {
  const options = choices.map(({ value, runs }) => ({
    value,
    text: `${words[value] ?? value} (${count(runs)})`,
  }));
  if (chosen !== '' && !choices.some(({ value }) => value === chosen)) {
    options.unshift({ value: chosen, text: `${words[chosen] ?? chosen} (0)` });
  }
  return options;
}

/** Split what was typed into tags: trimmed, each once, none too long for central. */
export function withTags(tags: readonly string[], typed: string): string[] {
  const more = typed.split(',').map((tag) => tag.trim().slice(0, 60));
  return [...new Set([...tags, ...more.filter((tag) => tag !== '')])];
}

function sortQuery(filter: Filter): Pick<Filter, 'sort' | 'order'> {
  const { sort, order } = sorting(filter);
  return { sort: sort === 'created' ? '' : sort, order: order === 'descending' ? '' : order };
}

function toQuery(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const value = filter[name].trim();
    if (value !== '') query.set(name, value);
  }
  return query;
}
