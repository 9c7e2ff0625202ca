/** The models and the GPUs that the machines have, for the fields that name one. */

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

/** What a field's value may be taken from: names of models, numbers of GPUs, or nothing known. */
export function choices(machines: Machine[], field: Field, kind: string): string[] {
  if (field.source === 'models') return known(machines, kind).map((each) => each.name);
  return field.source === 'gpus' ? [...gpus(machines).keys()].sort() : [];
}

/** Say which GPU has which number, where the field names one. */
export function gpuWords(machines: Machine[], field: Field): string {
  if (field.source !== 'gpus') return '';
  const said = [...gpus(machines)].map(([number, names]) => `${number}: ${[...names].join(' or ')}`);
  return said.length > 0 ? `${said.join(', ')}.` : 'No machine has one.';
}

function gpus(machines: Machine[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const gpu of machines.flatMap((machine) => machine.gpus ?? [])) {
    const number = String(gpu.index);
    found.set(number, (found.get(number) ?? new Set<string>()).add(gpu.name ?? gpu.vendor));
  }
  return found;
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
