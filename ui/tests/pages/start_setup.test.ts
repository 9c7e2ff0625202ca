import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Setup } from '../../src/pages/start/setup.svelte';
import { SECTIONS } from '../../src/pages/table';
import { eventually } from '../eventually';

const TEXT = SECTIONS[0];
const KINDS = ['llm_generate', 'llm_serve'];
/** A description is fetched once for each digest: each test has its own. */
let test = 0;

function offered(kind: string): unknown {
  const workload = { kind, title: kind, digest: `setup${test}-${kind}` };
  return { kind, title: kind, offers: [{ backend: 'b', title: 'B', machines: ['m1'], workload }] };
}

describe('the kind of work of a form', () => {
  /** Answers to requests for descriptions that a test gives itself, by kind. */
  let held: Record<string, (answer: Response) => void>;
  let setup: Setup;
  const description = (kind: string) => Response.json({ kind, title: kind, metrics: [], presets: {}, automatic: null, params_schema: { type: 'object', properties: { n: { title: kind, type: 'integer', default: 1 } } } });

  beforeEach(async () => {
    held = {};
    test += 1;
    vi.stubGlobal('fetch', async (path: string) => {
      if (path === '/api/machines') return Response.json({ machines: [] });
      if (path === '/api/workloads') return Response.json({ workloads: KINDS.map(offered) });
      const kind = path.slice(path.indexOf('-') + 1);
      return new Promise<Response>((resolve) => (held[kind] = resolve));
    });
    setup = new Setup(TEXT, null);
    setup.open();
    await eventually(() => expect(held.llm_generate).toBeDefined());
    held.llm_generate!(description('llm_generate'));
    await eventually(() => expect(setup.workload?.kind).toBe('llm_generate'));
  });

  afterEach(() => {
    setup.close();
    vi.unstubAllGlobals();
  });

  it('is the one before until the chosen one is described', async () => {
    const chosen = setup.choose('llm_serve');
    await eventually(() => expect(held.llm_serve).toBeDefined());
    expect([setup.workload?.kind, setup.choosing]).toEqual(['llm_generate', true]);
    held.llm_serve!(description('llm_serve'));
    await chosen;
    flushSync();
    expect([setup.workload?.kind, setup.draft.kind, setup.choosing]).toEqual(['llm_serve', 'llm_serve', false]);
  });

  it('is that of a race opened meanwhile, whatever comes late', async () => {
    const chosen = setup.choose('llm_serve');
    await eventually(() => expect(held.llm_serve).toBeDefined());
    await setup.turn(TEXT, { kind: 'llm_generate', params: { n: 7 } });
    held.llm_serve!(description('llm_serve'));
    await chosen;
    expect([setup.draft.kind, setup.draft.params.n, setup.choosing]).toEqual(['llm_generate', '7', false]);
  });

  it('stays, and says why, where the other one cannot be described', async () => {
    const chosen = setup.choose('llm_serve');
    await eventually(() => expect(held.llm_serve).toBeDefined());
    held.llm_serve!(Response.json({ error: { message: 'central is busy' } }, { status: 503 }));
    await chosen;
    expect([setup.draft.kind, setup.choosing, setup.failure?.message]).toEqual(['llm_generate', false, 'central is busy']);
  });

  it('keeps the form of the section while a race of another kind is opened', async () => {
    const opened = setup.turn(TEXT, { kind: 'llm_serve', params: {} });
    await eventually(() => expect(held.llm_serve).toBeDefined());
    expect([setup.workload?.kind, setup.choosing]).toEqual(['llm_generate', true]);
    held.llm_serve!(description('llm_serve'));
    await opened;
    expect([setup.workload?.kind, setup.choosing]).toEqual(['llm_serve', false]);
  });
});
