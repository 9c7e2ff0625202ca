/** The models that the machines have, for the field that names one. */

import type { Machine, Model } from '../../lib/api/documents';
import type { Field } from '../../lib/schema/schema';

/** A model where it is: on one machine, in one backend. */
export interface Place {
  machine_id: string;
  machine: string;
  backend: string;
  title: string;
  model: Model;
}

export interface Known {
  name: string;
  places: Place[];
}

/** Every model that some machine has for this kind of work, by name, with who has it. */
export function known(machines: Machine[], kind: string): Known[] {
  const found = new Map<string, Place[]>();
  for (const { machine, backend } of backends(machines, kind)) {
    for (const model of backend.models) {
      const { machine_id, label } = machine;
      const place = { machine_id, machine: label, backend: backend.name, title: backend.title, model };
      found.set(model.name, [...(found.get(model.name) ?? []), place]);
    }
  }
  return [...found]
    .map(([name, places]) => ({ name, places }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Every backend of the linked machines for this kind of work, and where it is. */
export function backends(machines: Machine[], kind: string): { machine: Machine; backend: Machine['backends'][number] }[] {
  return machines.flatMap((machine) =>
    machine.backends
      .filter((backend) => backend.workloads.some((workload) => workload.kind === kind))
      .map((backend) => ({ machine, backend })),
  );
}

/** Whether every one of them was asked already. */
export function told(machines: Machine[], kind: string): boolean {
  return backends(machines, kind).every(({ backend }) => backend.reachable !== null);
}

/** Their names, as suggestions for a field; none for a field that names no model. */
export function models(machines: Machine[], field: Field, kind: string): string[] {
  return field.source === 'models' ? known(machines, kind).map((each) => each.name) : [];
}

/** Those of which every typed word is in the name, the quantisation, a machine or an engine. */
export function filtered(list: Known[], typed: string): Known[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter((each) => {
    const said = each.places.flatMap((place) => [place.machine, place.title, place.model.quantization ?? '']);
    const text = [each.name, ...said].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
