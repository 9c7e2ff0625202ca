import { afterEach, expect, it, vi } from 'vitest';

import { ApiError } from '../../src/lib/api/client';
import { compare } from '../../src/lib/api/history';
import { run } from '../../src/lib/api/runs';

const FAILURE = { category: 'validation', message: 'run r not found', remedy: 'List the runs with: benchrace runs list.' };

afterEach(() => vi.unstubAllGlobals());

it('a run that is not there has a remedy for who reads a page', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ error: FAILURE }, { status: 404 })));
  for (const answer of [run('r'), compare(new URLSearchParams({ a: 'r', b: 's' }))]) {
    const error = await answer.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).failure).toMatchObject({ message: 'run r not found', remedy: expect.stringContaining('Choose another one under Runs') });
  }
});

it('what else fails keeps its own remedy', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ error: FAILURE }, { status: 422 })));
  await expect(run('r')).rejects.toMatchObject({ status: 422, remedy: FAILURE.remedy });
});
