import { describe, expect, it } from 'vitest';

import type { Machine, RunSpec } from '../../src/lib/api/documents';
import { measurements } from '../../src/pages/machine/measure';

function machine(...kinds: string[]): Pick<Machine, 'machine_id' | 'backends'> {
  const workloads = kinds.map((kind) => ({ kind, title: kind, digest: kind }));
  return { machine_id: 'box', backends: [{ name: 'compute', workloads }] } as unknown as Machine;
}

describe('what a machine can measure of itself', () => {
  it('is what its backends offer, memory first', () => {
    expect(measurements(machine('compute', 'gemm', 'memory_bandwidth')).map(({ kind }) => kind)).toEqual(['memory_bandwidth', 'gemm']);
    expect(measurements(machine('compute'))).toEqual([]);
  });

  it('is a form that compares one thread with all, on this machine alone', () => {
    const [memory, gpu] = measurements(machine('memory_bandwidth', 'gpu_memory_bandwidth')).map(({ href }) => {
      const address = new URL(href, 'http://central');
      expect(address.pathname).toBe('/compute');
      return JSON.parse(address.searchParams.get('spec') ?? '') as RunSpec;
    });
    expect(memory?.lanes).toEqual([1, 0].map((threads) => ({ machine_id: 'box', params: { threads } })));
    expect(memory?.params).toEqual({ kernels: 'read' });
    expect(gpu?.lanes).toEqual([{ machine_id: 'box' }]);
  });
});
