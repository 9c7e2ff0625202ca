import { existsSync } from 'node:fs';

import { mount, unmount } from 'svelte';
import { expect, it, vi } from 'vitest';

import Empty from '../../src/pages/start/Empty.svelte';
import { SECTIONS } from '../../src/pages/table';
import type { Machine } from '../../src/lib/api/documents';
import { eventually } from '../eventually';

function backend(title: string, kinds: string[]): unknown {
  const problems = [{ message: `${title} is silent`, remedy: 'Start it.' }];
  return { name: title, title, workloads: kinds.map((kind) => ({ kind })), problems };
}

it('tells of engines of its own kind of work, and of those that offer nothing, alone', async () => {
  const backends = [backend('Writer', ['llm_generate']), backend('Painter', ['txt2img']), backend('Broken', [])];
  const machines = [{ label: 'box', backends }] as unknown as Machine[];
  const section = SECTIONS.find((each) => each.path === '/image') ?? SECTIONS[0];
  const shown = mount(Empty, { target: document.body, props: { section, machines, kind: '' } });
  const said = [...document.querySelectorAll('li')].map((each) => each.textContent?.trim());
  await unmount(shown);
  expect(said).toEqual([
    'box, Painter: Painter is silent. Start it.',
    'box, Broken: Broken is silent. Start it.',
  ]);
});

it.each(SECTIONS.map((section) => [section.title, section] as const))('advises %s to install only what there is', async (_, section) => {
  const machines = [{ label: 'box', backends: [] }] as unknown as Machine[];
  const shown = mount(Empty, { target: document.body, props: { section, machines, kind: '' } });
  const said = document.body.textContent ?? '';
  await unmount(shown);
  expect(said).toContain('pip install');
  for (const folder of section.plugins.flatMap((plugin) => plugin.split(' '))) {
    expect(existsSync(`../${folder}/pyproject.toml`)).toBe(true);
  }
});

it('names the work of a plugin that no machine has, and advises no other plugin', async () => {
  const machines = [{ label: 'box', backends: [] }] as unknown as Machine[];
  const [, section] = SECTIONS;
  const shown = mount(Empty, { target: document.body, props: { section, machines, kind: 'hash_files' } });
  const said = document.body.textContent ?? '';
  await unmount(shown);
  expect(said).toContain('No connected machine offers hash_files');
  expect(said).not.toContain('pip install');
});

it('starts the agent of this computer where no machine is connected, or says why not', async () => {
  const asked: string[] = [];
  let answer = Response.json({ error: { category: 'system', message: 'No agent here.', remedy: 'Install one.' } }, { status: 500 });
  let refused: unknown[] = [];
  vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
    if (path === '/api/services') return Response.json({ services: [{ component: 'agent', running: true }] });
    if (path === '/api/machines') return Response.json({ machines: [], refused });
    asked.push(`${request.method} ${path}`);
    return answer;
  });
  const [, section] = SECTIONS;
  const shown = mount(Empty, { target: document.body, props: { section, machines: [], kind: '' } });
  const button = document.querySelector('button');
  expect(button?.textContent?.trim()).toBe('Use this computer');
  button?.click();
  await eventually(() => expect(document.body.textContent).toContain('Install one.'));
  expect(button?.disabled).toBe(false);
  answer = Response.json({ component: 'agent', running: true });
  button?.click();
  await eventually(() => expect(document.body.textContent).not.toContain('Install one.'));
  expect([button?.disabled, button?.textContent?.trim()]).toEqual([true, 'Starting its agent…']);
  expect(asked).toEqual(['POST /api/service/agent/start', 'POST /api/service/agent/start']);
  refused = [{ address: '127.0.0.1', reason: 'wrong token', remedy: 'Set the token.', times: 1 }];
  await eventually(() => expect(document.body.textContent).toContain('was refused: wrong token'));
  expect(button?.disabled).toBe(false);
  await unmount(shown);
  vi.unstubAllGlobals();
});

it('names machines whose agents are away, and advises no plugin', async () => {
  const machines = [{ label: 'box', backends: [], connected_at: null }] as unknown as Machine[];
  const section = SECTIONS.find((each) => each.path === '/compute') ?? SECTIONS[0];
  const shown = mount(Empty, { target: document.body, props: { section, machines, kind: '' } });
  const said = document.body.textContent ?? '';
  await unmount(shown);
  expect(said).toContain('box is known, but no agent is connected');
  expect(said).not.toContain('pip install');
});

it('does not recommend counting primes where that is what is missing', async () => {
  const machines = [{ label: 'box', backends: [], connected_at: 1 }] as unknown as Machine[];
  for (const section of SECTIONS) {
    const shown = mount(Empty, { target: document.body, props: { section, machines, kind: '' } });
    expect(document.body.textContent?.includes('Meanwhile')).toBe(section.path !== '/compute');
    await unmount(shown);
  }
});
