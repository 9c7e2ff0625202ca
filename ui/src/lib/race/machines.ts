/** The machines of lanes: their own, those that generate load for it, and those that lend themselves to it. */

import type { RunDocument } from '../api/documents';
import type { Peer, RunLane } from '../api/generated';
import { memorySize } from '../format/quantity';

export type Placed = Pick<RunLane, 'machine_id'> & Partial<Pick<RunLane, 'clients' | 'workers'>>;

/** All machines that a lane occupies, its own first. */
export function occupied({ machine_id, clients = [], workers = [] }: Placed): string[] {
  return [machine_id, ...clients.map((client) => client.machine_id), ...workers];
}

/** All machines of some lanes, each once, in the order of the lanes. */
export function machinesOf(lanes: readonly Placed[]): string[] {
  return [...new Set(lanes.flatMap(occupied))];
}

/** How many machines of some lanes start rounds themselves: those that lend themselves to a lane do not. */
export function starting(lanes: readonly Placed[]): number {
  return machinesOf(lanes.map((lane) => ({ ...lane, workers: [] }))).length;
}

/** What a machine lends to which lane, in words: it is not sampled then. Empty where it lends nothing. */
export function lendingLabel(run: Pick<RunDocument, 'lanes'>, id: string): string {
  const lane = run.lanes.find(({ workers = [] }) => workers.includes(id));
  if (lane === undefined) return '';
  const peer = (lane.peers ?? []).find(({ machine_id }) => machine_id === id);
  return [`Not sampled: worker of the lane “${lane.label}”`, ...(peer ? peerParts(peer) : [])].join(', ');
}

function peerParts({ build, devices = [] }: Peer): string[] {
  const parts = devices.map(({ name, free_bytes, total_bytes }) => {
    const size = free_bytes ?? total_bytes ?? null;
    return size === null ? name : `${name} with ${memorySize(size)}`;
  });
  return [...(build ? [`build ${build}`] : []), ...parts];
}
