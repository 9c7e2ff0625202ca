/** Lanes of different machines that ran on one computer, and so disturbed each other. */

import type { DocumentLane, LaneResult, RunDocument } from '../api/documents';
import { occupied } from '../race/machines';

/** The machines of other lanes that shared a lane's computer, by lane, also their clients and workers; lanes with none are left out. */
export function sharedHosts(
  results: readonly LaneResult[],
  lanes: readonly Pick<DocumentLane, 'lane_id' | 'machine_id' | 'clients' | 'workers'>[],
  hosts: RunDocument['hosts'],
): ReadonlyMap<string, string[]> {
  const machines = new Map(lanes.map((lane) => [lane.lane_id, occupied(lane)]));
  const hostOf = new Map(Object.entries(hosts).map(([id, { host_id }]) => [id, host_id]));
  for (const { lane_id, host_id } of results) {
    const own = machines.get(lane_id)?.[0];
    if (own !== undefined && host_id !== null) hostOf.set(own, host_id);
  }
  return new Map(
    results.flatMap((own) => {
      if (own.host_id === null) return [];
      const mine = machines.get(own.lane_id) ?? [];
      const beside = [...new Set([...machines.values()].flat())].filter((id) => hostOf.get(id) === own.host_id);
      const others = beside.filter((id) => !mine.includes(id));
      return others.length === 0 ? [] : [[own.lane_id, others] as const];
    }),
  );
}
