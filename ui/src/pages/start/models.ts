/** The models and the GPUs that the machines have, for the fields that name one. */

import type { Machine, Model } from '../../lib/api/documents';
import type { Field } from '../../lib/schema/schema';

/** The parameter by which a lane selects one of a backend's engines. */
export const SELECTS = 'server';

/** A model where it is: on one machine, in one backend. */
export interface Place {
  machine_id: string;
  machine: string;
  backend: string;
  title: string;
  model: Pick<Model, 'name' | 'size' | 'quantization' | 'loaded' | 'engines'>;
  /** Where the engine does not run, and a lane starts it: how the lane selects it. */
  starts: Record<string, string> | null;
}

export interface KnownModel {
  name: string;
  places: Place[];
}

/** Every model that some machine has for this kind of work, by name, with who has it. */
export function knownModels(machines: Machine[], kind: string): KnownModel[] {
  const byName = new Map<string, Place[]>();
  const add = (place: Place) => byName.set(place.model.name, [...(byName.get(place.model.name) ?? []), place]);
  for (const { machine, backend } of backends(machines, kind)) {
    for (const model of backend.models) {
      const { machine_id, label } = machine;
      add({ machine_id, machine: label, backend: backend.name, title: backend.title, model, starts: startOf(backend, model) });
    }
    for (const { name, params } of backend.startable ?? []) {
      // One that the agent remembers is among the models already.
      if (backend.models.some((model) => params[SELECTS] !== undefined && params[SELECTS] in (model.engines ?? {}))) continue;
      const { machine_id, label } = machine;
      const model = { name, size: null, quantization: null, loaded: null, engines: {} };
      add({ machine_id, machine: label, backend: backend.name, title: backend.title, model, starts: params });
    }
  }
  return [...byName]
    .map(([name, places]) => ({ name, places }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** What a lane says to start the engine of a model that is remembered. */
function startOf(backend: Machine['backends'][number], model: Model): Record<string, string> | null {
  const names = Object.keys(model.engines ?? {});
  const stopped = (backend.startable ?? []).find(({ params }) => names.includes(params[SELECTS] ?? ''));
  // One that runs somewhere else needs no start.
  return stopped && names.length === 1 ? { ...stopped.params, model: model.name } : null;
}

/** The machines with an engine for this kind that lack a model, each with why. */
export function lacking(model: KnownModel, machines: Machine[], kind: string): { machine: Machine; reason: string }[] {
  return machines
    .filter((machine) => !model.places.some((place) => place.machine_id === machine.machine_id))
    .flatMap((machine) => {
      const able = backends([machine], kind);
      if (able.length === 0) return [];
      if (able.some(({ backend }) => backend.reachable)) return [{ machine, reason: 'not installed' }];
      return able.some(({ backend }) => backend.reachable === null) ? [] : [{ machine, reason: 'no engine answers' }];
    });
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
export function reported(machines: Machine[], kind: string): boolean {
  return backends(machines, kind).every(({ backend }) => backend.reachable !== null);
}

/** What a field's value may be taken from: names of models or of an engine's parts, numbers of GPUs, or nothing known. */
export function choices(machines: Machine[], field: Field, kind: string): string[] {
  if (field.source === 'models') return knownModels(machines, kind).map((model) => model.name);
  if (field.source === 'engine') return [...new Set(backends(machines, kind).flatMap(({ backend }) => backend.choices[field.name] ?? []))].sort();
  return field.source === 'gpus' ? [...gpus(machines).keys()].sort() : [];
}

/** Say which GPU has which number, where the field names one. */
export function gpuLabel(machines: Machine[], field: Field): string {
  if (field.source !== 'gpus') return '';
  const lines = [...gpus(machines)].map(([number, names]) => `${number}: ${[...names].join(' or ')}`);
  return lines.length > 0 ? `${lines.join(', ')}.` : 'No machine has one.';
}

function gpus(machines: Machine[]): Map<string, Set<string>> {
  const byName = new Map<string, Set<string>>();
  for (const gpu of machines.flatMap((machine) => machine.gpus ?? [])) {
    const number = String(gpu.index);
    byName.set(number, (byName.get(number) ?? new Set<string>()).add(gpu.name ?? gpu.vendor));
  }
  return byName;
}

/** Those of which every typed word is in the name, the quantisation, a machine or an engine. */
export function filtered(list: KnownModel[], typed: string): KnownModel[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter((model) => {
    const lines = model.places.flatMap((place) => [place.machine, place.title, place.model.quantization ?? '']);
    const text = [model.name, ...lines].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
