/** Which models the policy requires, by machine, and who could bring them. */

import type { Machine } from '../../../lib/api/documents';
import type { Group } from '../../../lib/api/engines';

export interface Lack {
  machine: Machine;
  model: string;
  required: boolean;
  /** A backend that can pull it there, where there is one. */
  puller: string | null;
}

/** What each linked machine lacks of the models for this kind of work, the required ones first. */
export function lacks(machines: Machine[], kind: string, group: Group | null): Lack[] {
  const wanted = (name: string) => group === null || group.llm.includes(name);
  return machines.flatMap((machine) => {
    const able = machine.backends.filter((backend) => backend.workloads.some((work) => work.kind === kind));
    if (able.length === 0 || !machine.missing) return [];
    const puller = able.find((backend) => backend.reachable !== false && backend.operations?.includes('pull'))?.name ?? null;
    const of = (required: boolean) => (model: string) => ({ machine, model, required, puller });
    return [
      ...machine.missing.required.filter(wanted).map(of(true)),
      ...machine.missing.optional.filter(wanted).map(of(false)),
    ];
  });
}
