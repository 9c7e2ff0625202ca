import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../../src/lib/api/client';
import { Deleting, PATIENCE_MS } from '../../src/pages/runs/deleting.svelte';

const refused = (status: number) => new ApiError(status, { category: 'busy', message: 'it has not ended', remedy: 'Cancel it.' });

describe('deleting with a way back', () => {
  let asked: string[];
  let visible: boolean;
  let answer: () => Promise<unknown>;
  let deleting: Deleting;

  beforeEach(() => {
    vi.useFakeTimers();
    asked = [];
    visible = true;
    answer = () => Promise.resolve();
    deleting = new Deleting((id) => (asked.push(id), answer()), () => visible);
  });
  afterEach(() => vi.useRealTimers());

  it('asks central after the time, and not before', async () => {
    deleting.show();
    deleting.add('r1', 'one');
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 300);
    expect(asked).toEqual([]);
    expect(deleting.has('r1')).toBe(true);
    await vi.advanceTimersByTimeAsync(600);
    expect(asked).toEqual(['r1']);
    expect(deleting.has('r1')).toBe(false);
  });

  it('asks nothing once it was undone', async () => {
    deleting.show();
    deleting.add('r1', 'one');
    deleting.add('r2', 'two');
    deleting.undo('r1');
    await vi.advanceTimersByTimeAsync(PATIENCE_MS * 2);
    expect(asked).toEqual(['r2']);
  });

  it('deletes nothing while nobody can see the offer', async () => {
    const hide = deleting.show();
    deleting.add('r1', 'one');
    hide();
    await vi.advanceTimersByTimeAsync(PATIENCE_MS * 5);
    visible = false;
    deleting.show();
    await vi.advanceTimersByTimeAsync(PATIENCE_MS * 5);
    visible = true;
    deleting.held = true;
    await vi.advanceTimersByTimeAsync(PATIENCE_MS * 5);
    expect(asked).toEqual([]);
    deleting.held = false;
    await vi.advanceTimersByTimeAsync(PATIENCE_MS + 300);
    expect(asked).toEqual(['r1']);
  });

  it('gives the whole time again to who comes back', async () => {
    const hide = deleting.show();
    deleting.add('r1', 'one');
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 500);
    hide();
    deleting.show();
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 500);
    expect(asked).toEqual([]);
  });

  it('says why it could not, keeps the run, and tries again only when told', async () => {
    deleting.show();
    answer = () => Promise.reject(refused(409));
    deleting.add('r1', 'one');
    await deleting.now('r1');
    expect(deleting.pending[0]?.failure?.message).toBe('it has not ended');
    await vi.advanceTimersByTimeAsync(PATIENCE_MS * 3);
    expect(asked).toEqual(['r1']);
    answer = () => Promise.resolve();
    await deleting.now('r1');
    expect(deleting.pending).toEqual([]);
  });

  it('takes what is gone already for done', async () => {
    answer = () => Promise.reject(refused(404));
    deleting.add('r1', 'one');
    await deleting.now('r1');
    expect(deleting.pending).toEqual([]);
  });

  it('asks once, however often it is told', async () => {
    deleting.add('r1', 'one');
    deleting.add('r1', 'one');
    await Promise.all([deleting.now('r1'), deleting.now('r1')]);
    expect(asked).toEqual(['r1']);
  });
});
