import { mount, unmount } from 'svelte';
import { describe, expect, it } from 'vitest';

import Absent from '../../src/components/engine/Absent.svelte';
import { absentEngines, absentLine } from '../../src/components/engine/absent';
import type { Machine } from '../../src/lib/api/documents';

const OLLAMA = {
  name: 'ollama', title: 'Ollama', reachable: false as boolean | null, models: [] as unknown[], startable: [] as unknown[],
  problems: [{ message: 'nothing answers', remedy: 'Run `ollama serve`.' }],
};
const OTHER = { ...OLLAMA, name: 'openai', title: 'OpenAI-compatible server', problems: [{ message: 'no address', remedy: 'Set one.' }] };

function fleet(...backends: unknown[][]): Machine[] {
  return backends.map((own, index) => ({ label: `box ${index}`, connected_at: 1, backends: own })) as unknown as Machine[];
}

describe('engines that nobody has', () => {
  it('are named once, with the machines that were asked', () => {
    const absent = absentEngines(fleet([OLLAMA, OTHER], [OLLAMA]));
    expect(absent.map(({ name, machines }) => [name, machines])).toEqual([['ollama', ['box 0', 'box 1']], ['openai', ['box 0']]]);
    expect(absentLine(absent)).toBe('Ollama not found on 2 machines. OpenAI-compatible server not found on 1 machine.');
    expect(absentLine(absentEngines(fleet([OLLAMA, OTHER])))).toBe('Ollama and OpenAI-compatible server not found on 1 machine.');
    const three = fleet([OLLAMA, OTHER, { ...OTHER, name: 'comfyui', title: 'ComfyUI' }]);
    expect(absentLine(absentEngines(three))).toBe('Ollama, OpenAI-compatible server and ComfyUI not found on 1 machine.');
    expect(absent[0]?.problems).toEqual([{ ...OLLAMA.problems[0], machines: ['box 0', 'box 1'] }]);
  });

  it.each([
    ['another machine has', [[OLLAMA], [{ ...OLLAMA, reachable: true }]]],
    ['was not asked for yet', [[{ ...OLLAMA, reachable: null }]]],
    ['was there before', [[{ ...OLLAMA, models: [{ name: 'm' }] }]]],
    ['a lane can start', [[{ ...OLLAMA, startable: [{ name: 'm', params: {} }] }]]],
  ])('are not one that %s', (_, backends) => {
    expect(absentEngines(fleet(...backends))).toEqual([]);
  });

  it('are not looked for on a machine that is away', () => {
    const [box] = fleet([OLLAMA]);
    expect(absentEngines([{ ...box, connected_at: null } as Machine])).toEqual([]);
  });

  it('take one line, with what to do behind it', async () => {
    const shown = mount(Absent, { target: document.body, props: { machines: fleet([OLLAMA], [OLLAMA]) } });
    const [line] = document.querySelectorAll('summary');
    expect(line?.textContent?.trim()).toBe('Ollama not found on 2 machines. Connect');
    expect(document.querySelector('details')?.open).toBe(false);
    expect(document.querySelector('li')?.textContent).toContain('box 0, box 1: Nothing answers. Run ollama serve.');
    await unmount(shown);
  });
});
