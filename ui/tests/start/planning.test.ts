import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Kind } from '../../src/lib/api/documents';
import { Setup } from '../../src/pages/start/setup.svelte';
import { COMPUTE } from '../../src/pages/table';

const WORKLOAD = {
  kind: 'compute', title: 'Primes', metrics: [], presets: {}, automatic: null, drawing: 'progress', together: false,
  params_schema: { type: 'object', properties: { n: { title: 'n', type: 'integer', default: 1 } } },
};
const KIND = { kind: 'compute', title: 'Primes', offers: [{ backend: 'compute', title: '', machines: ['1'], workload: WORKLOAD }] };

let answers: ((answer: Response) => void)[];
let setup: Setup;

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  vi.stubGlobal('fetch', () => new Promise<Response>((answer) => answers.push(answer)));
  setup = new Setup(COMPUTE, null);
  setup.kinds = [KIND as unknown as Kind];
  setup.draft.kind = 'compute';
});

afterEach(() => {
  setup.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function plan(n: string): void {
  setup.draft.params.n = n;
  setup.planSoon();
}

it('more rounds of a run are that, until other work is raced', async () => {
  await setup.turn(COMPUTE, { kind: 'compute', params: { n: 5 }, rounds: 9, continues: 'r1' });
  setup.kinds = [KIND as unknown as Kind];
  setup.draft.rounds = '20';
  expect(setup.checked.spec).toMatchObject({ rounds: 20, continues: 'r1' });
  setup.draft.params.n = '6';
  expect(setup.checked.spec).not.toHaveProperty('continues');
  setup.draft.params.n = '5';
  expect(setup.checked.spec.continues).toBe('r1');
});

it('a form that is changed and changed back is checked already', async () => {
  plan('5');
  vi.runOnlyPendingTimers();
  plan('6');
  plan('5');
  // The request for it is still out.
  expect([answers.length, setup.planning]).toEqual([1, true]);
  answers[0]?.(Response.json({ lanes: [] }));
  await vi.waitFor(() => expect(setup.planning).toBe(false));
  plan('6');
  expect(setup.planning).toBe(true);
  plan('5');
  expect([answers.length, setup.planning]).toEqual([1, false]);
  // What is out is waited for, with the plan before it shown.
  plan('6');
  vi.runOnlyPendingTimers();
  plan('7');
  plan('6');
  expect([answers.length, setup.planning]).toEqual([2, true]);
});
