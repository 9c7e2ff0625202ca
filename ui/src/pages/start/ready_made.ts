/** Races that are ready to start, made of the machines and models that are there. */

import type { LaneSpec, Machine, Model, RunSpec } from '../../lib/api/documents';
import { knownModels, type Place } from './models';
import { apart, connected } from './opening';

export interface Card {
  title: string;
  text: string;
  spec: RunSpec;
}

const PRIMES = 'compute';
const ANSWER = 'llm_generate';
/** One round of the slowest lane takes about two seconds. */
const SIZED = { n: 'auto' };

/** Up to three races; `here` says whether a machine is the one that shows the page. */
export function readyMade(machines: readonly Machine[], here: (machine: Machine) => boolean): Card[] {
  const linked = connected(machines).filter((machine) => !machine.simulated);
  const counting = linked.filter((machine) => machine.backends.some(({ workloads }) => workloads.some(({ kind }) => kind === PRIMES)));
  return [threads(counting, here), models(linked), pair(counting)].filter((card) => card !== null);
}

/** One thread against all of them, on this computer where it is a machine. */
function threads(counting: readonly Machine[], here: (machine: Machine) => boolean): Card | null {
  const able = counting.filter((machine) => machine.threads !== 1);
  const machine = able.find(here) ?? able[0];
  if (machine === undefined) return null;
  const { machine_id } = machine;
  const lanes = [1, 0].map((threads) => ({ machine_id, params: { threads } }));
  const all = machine.threads === null ? 'all threads' : `all ${machine.threads} threads`;
  return {
    title: here(machine) ? 'This computer' : machine.label,
    text: `1 thread against ${all}, counting primes`,
    spec: { kind: PRIMES, params: SIZED, lanes },
  };
}

/** The two smallest models of the first machine that has two. */
function models(linked: readonly Machine[]): Card | null {
  for (const machine of linked) {
    const [one, two] = seats(machine).sort((a, b) => sizeOf(a) - sizeOf(b));
    if (one === undefined || two === undefined) continue;
    const { machine_id, label } = machine;
    const lanes: LaneSpec[] = [one, two].map(({ backend, model, starts }) => ({
      machine_id,
      backend,
      params: starts ?? { model: model.name },
    }));
    return {
      title: 'Two models',
      text: `${one.model.name} against ${two.model.name} on ${label}, answering one prompt`,
      spec: { kind: ANSWER, lanes },
    };
  }
  return null;
}

/** The models of a machine that can be raced: they write text, and their engine answers or is started. */
function seats(machine: Machine): Place[] {
  const backends = machine.backends.map((backend) => ({ ...backend, models: backend.models.filter(writes) }));
  const answers = (place: Place) => backends.some(({ name, reachable }) => name === place.backend && reachable);
  return knownModels([{ ...machine, backends }], ANSWER).flatMap(
    ({ places }) => places.find((place) => place.starts !== null || answers(place)) ?? [],
  );
}

/** A model whose engine does not say what it can do counts as one for text. */
function writes({ capabilities }: Model): boolean {
  return capabilities.length === 0 || capabilities.includes('completion');
}

function sizeOf({ model }: Place): number {
  return model.size ?? Number.MAX_VALUE;
}

/** The first two machines that may race each other. */
function pair(counting: readonly Machine[]): Card | null {
  const [one, two] = apart(counting);
  if (one === undefined || two === undefined) return null;
  return {
    title: 'Two machines',
    text: `${one.label} against ${two.label}, counting primes on all threads`,
    spec: { kind: PRIMES, params: SIZED, lanes: [one, two].map(({ machine_id }) => ({ machine_id })) },
  };
}
