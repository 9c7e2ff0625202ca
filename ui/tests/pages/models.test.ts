import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import Models from '../../src/pages/start/text/Models.svelte';
import { Setup } from '../../src/pages/start/setup.svelte';
import { SECTIONS } from '../../src/pages/table';
import type { Kind, Machine } from '../../src/lib/api/documents';

const WORKLOAD = {
  kind: 'llm_generate',
  title: 'Generate text',
  metrics: [],
  presets: {},
  automatic: null,
  drawing: 'text',
  together: false,
  params_schema: { type: 'object', properties: { server: { title: 'Server', type: 'string', default: '' }, model: { title: 'Model', type: 'string', choices: 'models', default: '' } } },
};

function machine(id: string, backends: Record<string, string[]>): Machine {
  const offered = Object.entries(backends).map(([name, models]) => ({
    name,
    title: name.toUpperCase(),
    workloads: [WORKLOAD],
    models: models.map((model) => ({ name: model, size: 2 ** 30, quantization: 'Q4_0', loaded: model === 'a' ? {} : null })),
  }));
  return { machine_id: id, label: `box ${id}`, state: 'ready', backends: offered } as unknown as Machine;
}

const FLEET = [machine('1', { one: ['a', 'b'] }), machine('2', { one: ['a'], two: ['<b>c</b>'] })];
const offer = (backend: string) => ({ backend, title: backend, machines: ['1'], workload: WORKLOAD });
const KIND = { kind: 'llm_generate', title: 'Generate text', offers: [offer('one'), offer('two')] } as unknown as Kind;

describe('the list of models', () => {
  let shown: Record<string, unknown>;
  let setup: Setup;

  beforeEach(() => {
    vi.stubGlobal('fetch', async () => Response.json({ machines: [] }));
    const [section] = SECTIONS;
    setup = new Setup(section, null);
    setup.kinds = [KIND];
    setup.machines = FLEET;
    setup.draft.kind = 'llm_generate';
    shown = mount(Models, { target: document.body, props: { setup, field: 'model' } });
    flushSync();
  });

  afterEach(async () => {
    await unmount(shown);
    vi.unstubAllGlobals();
  });

  const rows = () => [...document.querySelectorAll('.models > li')].map((row) => row.textContent?.replace(/\s+/g, ' ').trim() ?? '');

  function tick(name: string): void {
    const row = [...document.querySelectorAll('.models > li')].find((each) => each.querySelector('strong')?.textContent === name);
    row?.querySelector('input')?.click();
    flushSync();
  }

  function press(text: string): void {
    [...document.querySelectorAll('button')].find((each) => each.textContent?.trim() === text)?.click();
    flushSync();
  }

  function find(text: string, key?: string): void {
    const input = document.querySelector<HTMLInputElement>('input[type=search]');
    if (input === null) throw new Error('no input');
    input.value = text;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    if (key) input.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    flushSync();
  }

  const lanes = () => setup.draft.lanes.map((lane) => [lane.machine, lane.backend, lane.params.model ?? '']);

  it('says who has each, its size and quantisation, whether it is loaded, and names as text', () => {
    expect(rows()).toHaveLength(3);
    expect(rows().find((row) => row.startsWith('a '))).toMatch(/1\.07 GB, Q4_0 box 1, ONE loaded .*box 2, ONE loaded/);
    expect(document.querySelector('.models b')).toBeNull();
  });

  it('makes one model every lane’s, and several a lane each on the engine that has it', () => {
    tick('b');
    expect([setup.draft.params.model, lanes()]).toEqual(['b', [['1', 'one', '']]]);
    tick('<b>c</b>');
    expect([setup.draft.params.model, lanes()]).toEqual([undefined, [['1', 'one', 'b'], ['2', 'two', '<b>c</b>']]]);
    tick('b');
    expect([setup.draft.params.model, lanes()]).toEqual(['<b>c</b>', [['2', 'two', '']]]);
    tick('<b>c</b>');
    expect([setup.draft.params.model, lanes(), setup.unchosen]).toEqual([undefined, [], true]);
  });

  it('takes a machine that links a moment later, until the lanes are changed', () => {
    tick('b');
    expect(setup.draft.lanes.map((lane) => lane.machine)).toEqual(['1']);
    setup.machines = [...FLEET, machine('3', { one: ['b'] }), { ...machine('4', { one: ['b'] }), simulated: true }];
    flushSync();
    expect(setup.draft.lanes.map((lane) => lane.machine)).toEqual(['1', '3']);
    setup.draft.lanes = setup.draft.lanes.slice(1);
    setup.machines = [...setup.machines, machine('5', { one: ['b'] })];
    flushSync();
    expect(setup.draft.lanes.map((lane) => lane.machine)).toEqual(['3']);
  });

  it('says which machines lack one, and offers what a lane starts', () => {
    const [one, two] = [machine('1', { one: ['a'] }), machine('2', { one: [] })];
    Object.assign(one.backends[0] ?? {}, { reachable: true, startable: [{ name: 'f16', params: { server: 'f16' } }] });
    Object.assign(two.backends[0] ?? {}, { reachable: true });
    setup.machines = [one, two];
    flushSync();
    expect(rows()).toEqual([
      expect.stringMatching(/^a .*box 1 loaded not on box 2: not installed$/),
      'f16 box 1 stopped, starts by itself not on box 2: not installed',
    ]);
    tick('f16');
    expect(setup.draft.lanes.map((lane) => [lane.machine, lane.backend, lane.params])).toEqual([['1', 'one', { server: 'f16' }]]);
    expect([setup.draft.params.model, setup.unchosen]).toEqual([undefined, false]);
    tick('a');
    expect(setup.draft.lanes.map((lane) => lane.params)).toEqual([{ server: 'f16' }, { model: 'a' }]);
    tick('f16');
    expect([setup.draft.params.model, setup.draft.lanes.map((lane) => lane.params)]).toEqual(['a', [{}]]);
  });

  it('races the machines that have it at one press', () => {
    tick('a');
    press('Race these 2 machines');
    expect(lanes()).toEqual([['1', 'one', ''], ['2', 'one', '']]);
  });

  it('takes the only one that is left, or a name that nobody has, with Enter', () => {
    find('box 2 two', 'Enter');
    expect(setup.draft.params.model).toBe('<b>c</b>');
    find('elsewhere:1b', 'Enter');
    expect(lanes().map(([, , model]) => model)).toEqual(['<b>c</b>', 'elsewhere:1b']);
    expect(document.querySelector('[aria-label="Chosen models"]')?.textContent).toContain('not installed');
  });

  it('plans nothing before a model is chosen, and says why there are none', () => {
    const silent = { name: 'one', title: 'ONE', workloads: [WORKLOAD], models: [], startable: [], reachable: null, problems: [] };
    const of = (reachable: boolean | null, problems: unknown[] = []) =>
      ({ ...FLEET[0], backends: [{ ...silent, reachable, problems }] }) as unknown as Machine;
    const problems = [{ message: 'it is not started', remedy: 'Start it.' }];
    const words = () => document.querySelector('section')?.textContent ?? '';
    setup.kinds = [{ ...KIND, offers: KIND.offers.slice(0, 1) }];
    setup.machines = [of(null)];
    flushSync();
    expect([setup.unchosen, words().includes('Loading the engines’ models')]).toEqual([true, true]);
    // One that another machine has is missed; one that nobody has is said once, above the form.
    setup.machines = [of(false, problems), { ...of(true), machine_id: '2' }];
    flushSync();
    expect([setup.unchosen, words().includes('It is not started. Start it.')]).toEqual([false, true]);
    setup.machines = [of(false, problems)];
    flushSync();
    expect([setup.unchosen, words().includes('It is not started.')]).toEqual([false, false]);
    setup.kinds = [KIND];
    flushSync();
    expect(setup.unchosen).toBe(true);
  });

  it('does not start a race, nor choose, with Enter while several are left', () => {
    find('box', 'Enter');
    expect([rows().length, setup.draft.params.model, lanes()]).toEqual([3, undefined, []]);
  });
});
