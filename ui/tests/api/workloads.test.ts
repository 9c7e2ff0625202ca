import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { described } from '../../src/lib/api/workloads';
import type { KindAnswer } from '../../src/lib/api/documents';

function kind(name: string, ...digests: string[]): KindAnswer {
  const offers = digests.map((digest) => ({
    backend: `of ${digest}`,
    title: digest,
    machines: ['m1'],
    workload: { kind: name, title: name, digest },
  }));
  return { kind: name, title: name, offers };
}

describe('descriptions of workloads', () => {
  let asked: string[];
  let answer: (path: string) => Response;

  beforeEach(() => {
    asked = [];
    answer = (path) => Response.json({ params_schema: { title: path } });
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path);
      return answer(path);
    });
  });

  afterEach(() => void vi.unstubAllGlobals());

  it('are fetched once for each digest, however many offers have it', async () => {
    const kinds = [kind('one', 'a1', 'b1'), kind('two', 'a1')];
    const full = await described(kinds);
    expect(full.map(({ offers }) => offers.map(({ workload }) => workload.params_schema.title))).toEqual([
      ['/api/workloads/a1', '/api/workloads/b1'],
      ['/api/workloads/a1'],
    ]);
    await described(kinds);
    expect(asked).toEqual(['/api/workloads/a1', '/api/workloads/b1']);
  });

  it('leave out an offer that has just changed, and ask for it again', async () => {
    answer = () => Response.json({ error: { message: 'gone' } }, { status: 404 });
    const [gone] = await described([kind('one', 'a2')]);
    expect(gone?.offers).toEqual([]);
    answer = () => Response.json({ params_schema: {} });
    const [back] = await described([kind('one', 'a2')]);
    expect(back?.offers).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  it('fail where central is away', async () => {
    answer = () => Response.json({ error: { message: 'busy' } }, { status: 503 });
    await expect(described([kind('one', 'a3')])).rejects.toThrow('busy');
  });
});
