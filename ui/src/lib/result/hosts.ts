/** Lanes of different machines that ran on one computer, and so disturbed each other. */

import type { DocumentLane, LaneResult } from '../api/documents';

/** The labels of the machines that shared a lane's computer, by lane; lanes with none are left out. */
export function sharedHosts(
  results: readonly LaneResult[],
  lanes: readonly Pick<DocumentLane, 'lane_id' | 'machine_id'>[],
): ReadonlyMap<string, string[]> {
  const machines = new Map(lanes.map((lane) => [lane.lane_id, lane.machine_id]));
  return new Map(
    results.flatMap((own) => {
      if (own.host_id === null) return [];
      const beside = results.filter((other) => other.host_id === own.host_id).map((other) => machines.get(other.lane_id) ?? '');
      const others = [...new Set(beside)].filter((machine) => machine !== '' && machine !== machines.get(own.lane_id));
      return others.length === 0 ? [] : [[own.lane_id, others] as const];
    }),
  );
}
