import { mount, unmount } from 'svelte';
import { expect, it } from 'vitest';

import Empty from '../../src/pages/start/Empty.svelte';
import { SECTIONS } from '../../src/pages/table';
import type { Machine } from '../../src/lib/api/documents';

function backend(title: string, kinds: string[]): unknown {
  const problems = [{ message: `${title} is silent`, remedy: 'Start it.' }];
  return { name: title, title, workloads: kinds.map((kind) => ({ kind })), problems };
}

it('tells of engines of its own kind of work, and of those that offer nothing, alone', async () => {
  const backends = [backend('Writer', ['llm_generate']), backend('Painter', ['txt2img']), backend('Broken', [])];
  const machines = [{ label: 'box', backends }] as unknown as Machine[];
  const section = SECTIONS.find((each) => each.path === '/image') ?? SECTIONS[0];
  const shown = mount(Empty, { target: document.body, props: { section, machines } });
  const said = [...document.querySelectorAll('li')].map((each) => each.textContent?.trim());
  await unmount(shown);
  expect(said).toEqual([
    'box, Painter: Painter is silent. Start it.',
    'box, Broken: Broken is silent. Start it.',
  ]);
});
