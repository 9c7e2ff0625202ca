import { flushSync, mount, unmount } from 'svelte';
import { expect, it } from 'vitest';

import Notice from '../../src/components/Notice.svelte';

type Fields = { path: string; message: string; machine_id?: string }[];

const LANES = [
  { path: 'lane-2.params.threads', message: '3 requested, but 1 to 2 are possible' },
  { path: 'lane-3.params.threads', message: '4 requested, but 1 to 2 are possible' },
];

function shown(message: string, remedy: string, fields: Fields = []): HTMLElement {
  document.body.textContent = '';
  const page = mount(Notice, { target: document.body, props: { failure: { message, remedy, fields, detail: null }, machine: (id: string) => ({ m1: 'Left' })[id] ?? id } });
  flushSync();
  const copy = document.body.cloneNode(true) as HTMLElement;
  void unmount(page);
  return copy;
}

it('says each field in a line of its own, where the message is no more than that', () => {
  const joined = LANES.map((each) => `${each.path}: ${each.message}`).join('; ');
  const said = (message: string) => [...shown(message, '', LANES).querySelectorAll('.title')].map((each) => each.textContent);
  expect(said(joined)).toEqual(['Lane 3, threads: 3 requested, but 1 to 2 are possible', 'Lane 4, threads: 4 requested, but 1 to 2 are possible']);
  expect(said('nobody is there')).toEqual(['Nobody is there']);
});

it('calls machines by their names', () => {
  const fields = [{ path: 'lanes[0]', message: 'unknown model', machine_id: 'm1' }];
  expect(shown('lanes[0]: m1: unknown model', '', fields).textContent).toContain('Lane 1: Left: unknown model');
});

it('draws what stands between backquotes as code, and nothing as markup', () => {
  const codes = (text: string) => [...shown('it broke', text).querySelectorAll('code')].map((each) => each.textContent);
  expect(codes('Start it with `benchrace central`, or `wait`.')).toEqual(['benchrace central', 'wait']);
  expect(codes('One ` alone')).toEqual([]);
  expect(shown('it broke', 'One ` alone').textContent).toContain('One ` alone');
  expect(codes('`<img src=x>`')).toEqual(['<img src=x>']);
});
