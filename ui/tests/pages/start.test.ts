import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { router } from '../../src/lib/router/router.svelte';
import Start from '../../src/pages/start/Start.svelte';
import { SECTIONS } from '../../src/pages/table';
import { eventually } from '../eventually';

const WORKLOAD = {
  kind: 'compute',
  title: 'Count primes',
  metrics: [],
  presets: { '2M': { n: 2_000_000 } },
  automatic: 'n',
  drawing: 'progress',
  together: true,
  params_schema: {
    type: 'object',
    properties: {
      algorithm: { title: 'Algorithm', enum: ['fast', 'slow'], type: 'string', default: 'fast' },
      n: { title: 'N', description: 'Up to N.', type: 'integer', minimum: 1, maximum: 100_000_000, default: 50_000_000 },
    },
  },
};
const DIGEST = 'd1';
const NAMED = { kind: 'compute', title: 'Count primes', digest: DIGEST };
const BACKEND = { name: 'compute', title: 'Sieves', workloads: [NAMED], reachable: true, models: [], startable: [], problems: [] };
const MACHINE = { machine_id: 'm1', label: 'box', state: 'ready', reason: null, threads: 8, connected_at: 1, host_id: 'm1', backends: [BACKEND] };

/** Everything is in sight: this page has no layout. */
class InSight {
  constructor(private readonly seen: (entries: { isIntersecting: boolean }[]) => void) {}

  observe(): void {
    queueMicrotask(() => this.seen([{ isIntersecting: true }]));
  }

  disconnect(): void {}
}

const LANES = ['m1', 'm2'].map((machine_id) => ({ lane_id: machine_id, label: machine_id, machine_id, backend: 'compute', spec_index: 0 }));

describe('the form of a race', () => {
  let shown: Record<string, unknown>;
  let machines: unknown[];
  let asked: { path: string; body: unknown }[];
  let refused: { path: string; message: string; machine_id?: string }[];
  let estimate: { duration_ns: number | null; reason: string | null };

  async function fetched(path: string, request?: RequestInit): Promise<Response> {
    asked.push({ path, body: request?.body ? JSON.parse(String(request.body)) : null });
    if (path === '/api/machines') return Response.json({ machines });
    if (path === '/api/workloads') {
      const offer = { backend: 'compute', title: 'Sieves', machines: ['m1'], workload: NAMED };
      return Response.json({ workloads: [{ kind: 'compute', title: 'Count primes', offers: [offer] }] });
    }
    if (path === `/api/workloads/${DIGEST}`) return Response.json(WORKLOAD);
    if (path.startsWith('/api/runs?')) return Response.json({ runs: [] });
    if (refused.length > 0) {
      const error = { category: 'validation', message: 'bad', remedy: 'Correct it.', fields: refused };
      return Response.json({ error }, { status: 422 });
    }
    return Response.json({ run_id: 'run1', lanes: LANES, left_out: [], estimate });
  }

  function field(id: string): HTMLInputElement {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`no ${id}`);
    return found as HTMLInputElement;
  }

  function type(id: string, text: string): void {
    field(id).value = text;
    field(id).dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
  }

  function press(text: string): void {
    const button = [...document.querySelectorAll('button')].find((each) => each.textContent?.trim() === text);
    if (button === undefined) throw new Error(`no button ${text}`);
    button.click();
    flushSync();
  }

  async function open(address: string, section: (typeof SECTIONS)[number] | null): Promise<void> {
    // Not the history alone: the router keeps the address that the last test left.
    router.replace(address);
    shown = mount(Start, { target: document.body, props: { section } });
    await eventually(() => field('param-n'));
  }

  async function close(): Promise<void> {
    await unmount(shown);
    document.body.replaceChildren();
  }

  const commandLine = () => document.querySelector('pre')?.textContent;

  beforeEach(async () => {
    asked = [];
    machines = [MACHINE, { ...MACHINE, machine_id: 'm2', label: 'desk', host_id: 'm2' }];
    refused = [];
    estimate = { duration_ns: 101e9, reason: null };
    vi.stubGlobal('fetch', fetched);
    vi.stubGlobal('IntersectionObserver', InSight);
    await open('/compute', SECTIONS[1]);
  });

  afterEach(async () => {
    await close();
    vi.unstubAllGlobals();
  });

  it('is drawn from the schema: titles, help, ranges, defaults and presets', () => {
    expect(document.querySelector('label[for=param-n]')?.textContent).toBe('N');
    expect(field('param-n').placeholder).toBe('50M');
    expect(field('param-n-help').textContent).toContain('Up to N. 1 to 100M');
    press('2M');
    expect(field('param-n').placeholder).toBe('2M');
  });

  it('opens with two lanes on a machine that is alone, and the command has them', async () => {
    await close();
    machines = [MACHINE];
    await open('/', null);
    expect(document.querySelectorAll('.lane')).toHaveLength(2);
    await eventually(() => expect(commandLine()).toBe('benchrace run --workload compute --lane algorithm=fast --lane algorithm=slow'));
    const tabs = [...document.querySelectorAll('nav a')].map((each) => [each.textContent, each.getAttribute('aria-current')]);
    expect(tabs).toEqual([['Compute', 'page']]);
    expect(document.body.textContent).toContain('language models, images, speech');
    await eventually(() => expect(location.search).toContain('spec='));
    expect(location.pathname).toBe('/');
  });

  it('splits a row on all machines, and begins anew at the link of the page', async () => {
    await close();
    await open('/', null);
    const rows = () => [...document.querySelectorAll<HTMLSelectElement>('.lane select')].map((each) => each.value);
    // The form opens with a row per machine.
    expect(rows()).toEqual(['m1', 'm2']);
    press('Remove all');
    press('Add a lane');
    expect(rows()).toEqual(['']);
    await eventually(() => press('Split into 2 rows, one per machine, for lane 1'));
    expect(rows()).toEqual(['m1', 'm2']);
    press('Add a lane');
    await eventually(() => expect(decodeURIComponent(location.search)).toContain('"m2"},{"machine_id":"m2"'));
    router.go('/');
    await eventually(() => expect(rows()).toEqual(['m1', 'm2']));
  });

  it('leaves the address to the race that is loading', async () => {
    await eventually(() => expect(location.search).toContain('spec='));
    vi.useFakeTimers();
    try {
      router.go('/runs/run1');
      flushSync();
      await vi.advanceTimersByTimeAsync(1000);
      expect(location.pathname).toBe('/runs/run1');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is filled by a ready-made race, with its time, and starts at one more press', async () => {
    const cards = [...document.querySelectorAll<HTMLButtonElement>('.cards button')];
    expect(cards.map((card) => card.querySelector('strong')?.textContent)).toEqual(['box', 'Two machines']);
    await eventually(() => expect(cards[0]?.textContent).toContain('about 1 min 40 s'));
    expect(asked.filter(({ path }) => path === '/api/runs/plan?check=0')).toHaveLength(2);
    cards[1]?.click();
    flushSync();
    // The form stays in its place.
    await eventually(() => expect(commandLine()).toBe('benchrace run --workload compute -p n=auto --lane machine=m1 --lane machine=m2'));
    await eventually(() => expect(document.activeElement?.textContent?.trim()).toBe('Start the race'));
  });

  it('says at the field what is wrong, and does not start', () => {
    type('param-n', '0');
    expect(field('param-n').getAttribute('aria-invalid')).toBe('true');
    expect(field('param-n-help').textContent).toBe('Must be 1 to 100M');
    expect(document.querySelector<HTMLButtonElement>('button[type=submit]')?.disabled).toBe(true);
  });

  it('makes a lane of every value at a press, and the same run as a command', async () => {
    press('Algorithm');
    expect(document.querySelectorAll('.lane')).toHaveLength(2);
    await eventually(() => expect(commandLine()).toBe('benchrace run --workload compute --lane algorithm=fast --lane algorithm=slow'));
  });

  it('numbers a row like its lanes in the race: one on each machine', async () => {
    const marks = () => [...document.querySelectorAll('.lane .mark')].map((each) => each.textContent);
    press('Remove all');
    press('Add a lane');
    expect(marks()).toEqual(['1']);
    await eventually(() => expect(marks()).toEqual(['1', '2']));
    expect(document.querySelectorAll('.lane')).toHaveLength(1);
  });

  it('shows what central says of a field where the field is', async () => {
    refused = [{ path: 'params.n', message: 'too much for this machine' }];
    type('param-n', '90M');
    await eventually(() => expect(field('param-n-help').textContent).toBe('Too much for this machine'));
    expect(document.querySelector('#start-reason')?.textContent).toContain('Cannot start yet');
    expect(document.querySelector<HTMLButtonElement>('button[type=submit]')?.disabled).toBe(true);
  });

  it('names the machine that refuses, and makes a race of the others at a press', async () => {
    refused = [{ path: 'params', message: 'no engine', machine_id: 'm2' }];
    type('param-n', '80M');
    await eventually(() => expect(document.querySelector('.problems')?.textContent).toBe('desk: no engine'));
    expect(document.body.textContent?.split('no engine')).toHaveLength(2);
    refused = [];
    press('Only box');
    expect(document.querySelectorAll('.lane')).toHaveLength(1);
    expect(field('lane-0-machine').value).toBe('m1');
    await eventually(() => expect(document.querySelector<HTMLButtonElement>('button[type=submit]')?.disabled).toBe(false));
  });

  it('says how long it takes where that is known, and that it is not where it is not', async () => {
    type('param-n', '70M');
    await eventually(() => expect(document.querySelector('#start-reason')?.textContent).toContain('about 1 min 40 s'));
    expect(document.querySelector('#start-reason')?.textContent).toContain('2 lanes · 2 machines');
    estimate = { duration_ns: null, reason: 'no comparable earlier run of box' };
    type('param-n', '60M');
    await eventually(() => expect(document.querySelector('#start-reason')?.textContent).toContain('time unknown'));
    expect(document.body.textContent).toContain('Time unknown: no comparable earlier run of box.');
  });

  it('starts what it shows, goes to the race, and keeps the form in the address', async () => {
    type('param-n', '3M');
    await eventually(() => expect(decodeURIComponent(location.search)).toContain('"n":3000000'));
    document.querySelector('form')?.requestSubmit();
    await eventually(() => expect(location.pathname).toBe('/runs/run1'));
    const started = asked.find((each) => each.path === '/api/runs');
    expect(started?.body).toEqual({
      kind: 'compute', params: { n: 3_000_000 }, rounds: 5, warmup: 1, lanes: [{ machine_id: 'm1' }, { machine_id: 'm2' }],
    });
  });
});
