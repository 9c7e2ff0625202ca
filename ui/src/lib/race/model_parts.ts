/** Which part of a lane's model each of its machines has, out of the facts of the lane's last round. */

import type { RunLane } from '../api/generated';
import type { Facts } from './facts';

export interface ModelPart {
  machine_id: string;
  role: 'coordinator' | 'worker';
  /** Null where the engine does not report it. */
  weights_mib: number | null;
  context_mib: number | null;
  /** Of the weights on all machines, 0 to 1; null unless all of them are known. */
  share: number | null;
}

/** The parts of a lane with workers, its own machine first; none for any other lane, or before its first round. */
export function modelParts({ machine_id, workers = [], peers = [] }: Pick<RunLane, 'machine_id' | 'workers' | 'peers'>, facts: Facts | undefined): ModelPart[] {
  if (facts === undefined || workers.length === 0) return [];
  const settings = new Map(facts.settings);
  const size = (name: string): number | null => {
    const value = settings.get(name);
    return value === undefined || !/^\d+(\.\d+)?$/.test(value) ? null : Number(value);
  };
  const of = (prefix: string) => ({ weights_mib: size(`${prefix}_model_mib`), context_mib: size(`${prefix}_kv_mib`) });
  const label = (id: string) => peers.find((peer) => peer.machine_id === id)?.label ?? id;
  const parts = [
    { machine_id, role: 'coordinator' as const, ...of('coordinator') },
    ...workers.map((id) => ({ machine_id: id, role: 'worker' as const, ...of(`worker_${label(id)}`) })),
  ];
  const total = parts.reduce<number | null>((sum, { weights_mib }) => (sum === null || weights_mib === null ? null : sum + weights_mib), 0);
  return parts.map((part) => ({ ...part, share: total && part.weights_mib !== null ? part.weights_mib / total : null }));
}
