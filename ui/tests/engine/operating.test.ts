import { describe, expect, it, vi } from 'vitest';

import { ApiError } from '../../src/lib/api/client';
import type { OperationEvent, OperationStatus } from '../../src/lib/api/engines';
import type { Failure } from '../../src/lib/api/generated';
import { Operating } from '../../src/components/engine/operating.svelte';
import { pressable, progressLabel, resultRows } from '../../src/components/engine/labels';

const EVENT: OperationEvent = { seq: 0, timestamp_s: 0, model: 'm', done: null, total: null, unit: null, level: null, message: null };
const STATUS: OperationStatus = {
  operation_id: 'o1',
  machine_id: 'box',
  backend: 'engine',
  operation: 'pull',
  models: ['m'],
  state: 'running',
  started_at: 1,
  ended_at: null,
  results: [],
  failure: null,
  events: [],
  next: 0,
  lent: null,
};
const ASKED = { machineId: 'box', backend: 'engine', operation: 'pull' as const, model: 'm' };
const FAILURE: Failure = { category: 'missing_model', message: 'no such model', remedy: 'Give another.', fields: [], detail: null };

function calls(...told: (Partial<OperationStatus> | Error)[]) {
  const follow = vi.fn(async (_known: OperationStatus, _since: number) => {
    const said = told.shift();
    if (said === undefined) throw new Error('asked too often');
    if (said instanceof Error) throw said;
    return { ...STATUS, ...said };
  });
  return { operate: vi.fn(async () => STATUS), follow, cancelOperation: vi.fn(async () => STATUS) };
}

describe('an operation', () => {
  it('is followed from event to event until its end', async () => {
    const half = { ...EVENT, done: 5, total: 10, unit: 'bytes' };
    const line = { ...EVENT, seq: 1, message: 'verifying' };
    const told = calls({ events: [half], next: 1 }, { events: [line], next: 2 }, { state: 'done', results: ['m'], next: 2 });
    const one = new Operating(told);
    const done = one.run(ASKED);
    expect(one.busy).toBe(true);
    expect(await done).toBe(true);
    expect(told.follow.mock.calls.map(([, since]) => since)).toEqual([0, 1, 2]);
    expect([one.busy, one.progress, one.lines, one.status?.results]).toEqual([false, half, [line], ['m']]);
  });

  it('says why it failed', async () => {
    const one = new Operating(calls({ state: 'failed', failure: FAILURE }));
    expect(await one.run(ASKED)).toBe(false);
    expect([one.busy, one.failure]).toEqual([false, FAILURE]);
  });

  it('outlives a line that is cut, and ends with a refusal', async () => {
    const cut = new ApiError(0, FAILURE);
    const gone = new ApiError(404, { ...FAILURE, message: 'no such operation' });
    const one = new Operating(calls(cut, { next: 1 }, gone), 0);
    expect(await one.run(ASKED)).toBe(false);
    expect(one.failure?.message).toBe('no such operation');
  });

  it('is one at a time', async () => {
    const told = calls({ state: 'done' });
    const one = new Operating(told);
    const [first, second] = await Promise.all([one.run(ASKED), one.run(ASKED)]);
    expect([first, second, told.operate.mock.calls.length]).toEqual([true, false, 1]);
  });
});

describe('the words of operations', () => {
  it('say how far a pull is', () => {
    expect(progressLabel({ ...EVENT, done: 2.46e9, total: 4.92e9, unit: 'bytes' })).toBe('2.46 GB of 4.92 GB, 50 %');
    expect(progressLabel({ ...EVENT, done: 3, unit: 'files' })).toBe('3 files');
  });

  it('are there for the operations that are pressed, and for no newer one', () => {
    expect(pressable(['reset', 'write', 'toString', 'pull'])).toEqual(['reset', 'pull']);
  });

  it('show what a reset tells, and leave out what is not known', () => {
    const rows = resultRows({ stopped: true, healthy: null, time_to_ready_ms: 1500, start_log_file: '/l', notes: ['a', 'b'], freed: 1024 });
    expect(rows).toEqual([
      ['Stopped', 'yes'],
      ['Time to ready', '1.50 s'],
      ['Start log file', '/l'],
      ['Notes', 'a\nb'],
      ['Freed', '1 KiB'],
    ]);
  });
});
