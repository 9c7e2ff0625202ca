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

it('keeps a change that an answer on its way does not have', async () => {
  let notes: string | null = null;
  const late: (() => void)[] = [];
  vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
    if (request.method === 'PATCH') notes = 'typed';
    else if (path.includes('choices')) return Response.json(CHOICES);
    const row = { run_id: 'r', name: null, tags: [], notes, pinned: false };
    if (request.method === 'PATCH') return Response.json(row);
    if (late.length < 1) await new Promise<void>((resolve) => late.push(resolve));
    return Response.json({ runs: [row], next: null });
  });
  const listing = new Listing();
  const stop = listing.watch(FILTER);
  await vi.waitFor(() => expect(late).toHaveLength(1));
  await listing.change('r', { notes: 'typed' });
  await vi.waitFor(() => expect(listing.page?.runs[0]?.notes).toBe('typed'));
  late[0]?.();
  await vi.waitFor(() => expect(listing.asking).toBe(false));
  expect(listing.page?.runs[0]?.notes).toBe('typed');
  stop();
});

it('moves no row while a menu of one is open, and catches up after it', async () => {
  let order = ['a', 'b'];
  vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
    if (path.includes('choices')) return Response.json(CHOICES);
    if (request.method === 'PATCH') {
      order = ['b', 'a'];
      return Response.json({ run_id: 'a', name: 'Zeta', tags: [], notes: null, pinned: false });
    }
    return Response.json({ runs: order.map((run_id) => ({ run_id })), next: null });
  });
  const listing = new Listing();
  const ids = () => listing.page?.runs.map((row) => row.run_id);
  const stop = listing.watch(FILTER);
  await vi.waitFor(() => expect(ids()).toEqual(['a', 'b']));
  const release = listing.hold();
  const choices = listing.choices;
  await listing.change('a', { name: 'Zeta' });
  await vi.waitFor(() => expect(listing.choices).not.toBe(choices));
  expect(ids()).toEqual(['a', 'b']);
  expect(listing.page?.runs[0]?.name).toBe('Zeta');
  release();
  await vi.waitFor(() => expect(ids()).toEqual(['b', 'a']));
  stop();
});
