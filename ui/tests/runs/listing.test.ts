import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Listing } from '../../src/pages/runs/listing.svelte';
import { filterOf } from '../../src/pages/runs/query';

const CHOICES = { states: [], kinds: ['compute'], tags: [], machines: [] };
const PAGE = { runs: [{ run_id: 'r' }], next: null };
const FILTER = filterOf(new URLSearchParams());
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(new URL(path, 'http://central').pathname);
    return Response.json(path.includes('choices') ? CHOICES : PAGE);
  });
});

afterEach(() => vi.unstubAllGlobals());

it('reads the choices alone beside another list, and leaves no page behind', async () => {
  const listing = new Listing();
  let stop = listing.watch(FILTER);
  await vi.waitFor(() => expect(listing.page).toEqual(PAGE));
  stop();
  asked = [];
  stop = listing.watch(FILTER, true);
  await vi.waitFor(() => expect(listing.asking).toBe(false));
  stop();
  expect(asked).toEqual(['/api/runs/choices']);
  expect([listing.page, listing.choices]).toEqual([null, CHOICES]);
});
