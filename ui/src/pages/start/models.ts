/** The models that the machines have, for the field that names one. */

import type { Machine } from '../../lib/api/documents';

export function models(machines: Machine[], field: string, kind: string): string[] {
  if (field !== 'model') return [];
  const found = machines.flatMap((machine) =>
    machine.backends
      .filter((backend) => backend.workloads.some((workload) => workload.kind === kind))
      .flatMap((backend) => backend.models.map((model) => model.name)),
  );
  return [...new Set(found)].sort();
}
