/** Runs that measure what limits a machine, as addresses of forms that are filled with them. */

import type { Machine, RunSpec } from '../../lib/api/documents';
import { againAddress } from '../runs/again';

interface Probe {
  kind: string;
  title: string;
  params: Record<string, unknown>;
  /** Whether one thread and all of them are compared. */
  threads: boolean;
}

const PROBES: readonly Probe[] = [
  { kind: 'memory_bandwidth', title: 'Memory', params: { kernels: 'read' }, threads: true },
  { kind: 'gpu_memory_bandwidth', title: 'GPU memory', params: { kernels: 'read' }, threads: false },
  { kind: 'gemv', title: 'Matrix x vector', params: {}, threads: true },
  { kind: 'gemm', title: 'Matrix x matrix', params: { precision: 'int8' }, threads: true },
];

export interface Measurement {
  kind: string;
  title: string;
  href: string;
}

/** The measurements that a machine offers; those of memory come first. */
export function measurements(machine: Pick<Machine, 'machine_id' | 'backends'>): Measurement[] {
  const offered = new Set(machine.backends.flatMap(({ workloads }) => workloads.map(({ kind }) => kind)));
  return PROBES.filter(({ kind }) => offered.has(kind)).map((probe) => ({ kind: probe.kind, title: probe.title, href: address(machine.machine_id, probe) }));
}

function address(machine_id: string, { kind, params, threads }: Probe): string {
  const lanes = threads ? [1, 0].map((count) => ({ machine_id, params: { threads: count } })) : [{ machine_id }];
  return againAddress(kind, { kind, params, lanes } as RunSpec);
}
