/** The first run or lane of a comparison, kept while its second one is looked for on other pages. */

import { addressOf, type Chosen } from './address';

const KEY = 'benchrace.comparison';

/** Keep what was chosen until the comparison has its two runs. */
export function keepPending({ runs: [a = '', b = ''] }: Chosen): void {
  try {
    if (a === '') return;
    if (b === '') sessionStorage.setItem(KEY, a);
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing has the address alone.
  }
}

function pending(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

/** Where a run, or `RUN:LANE`, is compared: with the one that waits for it, or else as the first of two. */
export function addedAddress(side: string): string {
  const first = pending();
  return addressOf({ runs: first === '' || first === side ? [side, ''] : [first, side], match: [] });
}
