/** Machines that may lend themselves to a lane, so that it spans several. */

import type { Kind, Machine } from '../../lib/api/documents';
import type { LaneDraft } from '../../lib/spec/draft';

type Lender = Pick<Machine, 'machine_id' | 'label'> & { backends: readonly Pick<Machine['backends'][number], 'name' | 'operations' | 'workloads'>[] };

/** The machines beside the lane's own that can lend; none where nothing of the lane's machine spans. */
export function lenders<M extends Lender>(lane: LaneDraft, kind: Kind | null, machines: readonly M[]): M[] {
  const own = machines.find(({ machine_id }) => machine_id === lane.machine);
  if (own === undefined || kind === null) return [];
  const spanning = kind.offers.flatMap(({ backend, workload }) => (workload.spans ? [backend] : []));
  const usable = own.backends
    .filter(({ name, workloads }) => spanning.includes(name) && ['', name].includes(lane.backend) && workloads.some((work) => work.kind === kind.kind))
    .map(({ name }) => name);
  const lends = (machine: M) => machine.backends.some(({ name, operations }) => usable.includes(name) && operations?.includes('lend'));
  return machines.filter((machine) => machine !== own && lends(machine));
}
