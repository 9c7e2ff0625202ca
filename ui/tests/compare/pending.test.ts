import { beforeEach, expect, it } from 'vitest';

import { chosenOf } from '../../src/pages/compare/address';
import { addedAddress, keepPending } from '../../src/pages/compare/pending';

beforeEach(() => sessionStorage.clear());

const open = (address: string) => keepPending(chosenOf(new URL(address, 'http://x').searchParams));

it('a lane waits for the one that it is compared with, on whatever page that is found', () => {
  const first = addedAddress('run1:lane-0');
  expect(first).toBe('/compare?a=run1%3Alane-0');
  open(first);
  expect(addedAddress('run1:lane-0')).toBe(first);
  const both = addedAddress('run2');
  expect(both).toBe('/compare?a=run1%3Alane-0&b=run2');
  open(both);
  expect(addedAddress('run3')).toBe('/compare?a=run3');
});

it('a page of comparisons without any run forgets nothing', () => {
  open('/compare?a=run1');
  open('/compare');
  expect(addedAddress('run2')).toBe('/compare?a=run1&b=run2');
});
