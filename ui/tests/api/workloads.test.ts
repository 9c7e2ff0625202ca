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

  it('are fetched for the kind that is asked for, once for each digest', async () => {
    const kinds = [kind('one', 'a1', 'b1'), kind('two', 'a1')];
    const titles = async (name: string) =>
      (await described(kinds, name)).map(({ offers }) => offers.map(({ workload }) => workload.params_schema.title));
    expect(await titles('one')).toEqual([['/api/workloads/a1', '/api/workloads/b1'], []]);
    expect(await titles('two')).toEqual([[], ['/api/workloads/a1']]);
    expect(asked).toEqual(['/api/workloads/a1', '/api/workloads/b1']);
  });

  it('leave out an offer that has just changed, and ask for it again', async () => {
    answer = () => Response.json({ error: { message: 'gone' } }, { status: 404 });
    const [gone] = await described([kind('one', 'a2')], 'one');
    expect(gone?.offers).toEqual([]);
    answer = () => Response.json({ params_schema: {} });
    const [back] = await described([kind('one', 'a2')], 'one');
    expect(back?.offers).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  it('fail where central is away', async () => {
    answer = () => Response.json({ error: { message: 'busy' } }, { status: 503 });
    await expect(described([kind('one', 'a3')], 'one')).rejects.toThrow('busy');
  });
});
