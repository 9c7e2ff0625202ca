/** The machines of lanes: their own, those that make load beside it, and those that lend themselves to it. */

import type { RunLane } from '../api/generated';

export type Placed = Pick<RunLane, 'machine_id'> & Partial<Pick<RunLane, 'clients' | 'workers'>>;

/** All machines that a lane occupies, its own first. */
export function occupied({ machine_id, clients = [], workers = [] }: Placed): string[] {
  return [machine_id, ...clients.map((client) => client.machine_id), ...workers];
}

/** All machines of some lanes, each once, in the order of the lanes. */
export function machinesOf(lanes: readonly Placed[]): string[] {
  return [...new Set(lanes.flatMap(occupied))];
}
