/** Engines that no machine has: a plugin looks for them, and none is found. */

import type { BackendAnswer, Machine } from '../../lib/api/documents';
import { plural } from '../../lib/format/quantity';

export interface AbsentEngine {
  name: string;
  title: string;
  /** The labels of the machines that were asked. */
  machines: string[];
  /** Why it is not there and what to do, each once, with where that is so. */
  problems: { message: string; remedy: string; machines: string[] }[];
}

type Asked = Pick<Machine, 'label' | 'connected_at'> & { backends: Pick<BackendAnswer, 'name' | 'title' | 'reachable' | 'models' | 'startable' | 'problems'>[] };

/** The engines that every connected machine was asked for, and none has; one that was there before is missed, not absent. */
export function absentEngines(machines: readonly Asked[]): AbsentEngine[] {
  const byName = new Map<string, { label: string; backend: Asked['backends'][number] }[]>();
  for (const { label, backends } of machines.filter((machine) => machine.connected_at !== null)) {
    for (const backend of backends) byName.set(backend.name, [...(byName.get(backend.name) ?? []), { label, backend }]);
  }
  return [...byName.values()]
    .filter((places) => places.every(({ backend }) => isAbsent(backend)))
    .map((places) => ({
      name: places[0]?.backend.name ?? '',
      title: places[0]?.backend.title ?? '',
      machines: places.map(({ label }) => label),
      problems: problemsOf(places),
    }));
}

/** `Ollama not found on 2 machines.`: engines that are missing equally often share a sentence. */
export function absentLine(absent: readonly AbsentEngine[]): string {
  const counts = [...new Set(absent.map(({ machines }) => machines.length))];
  return counts
    .map((count) => {
      const titles = absent.filter(({ machines }) => machines.length === count).map(({ title }) => title);
      return `${listed(titles)} not found on ${plural(count, 'machine')}.`;
    })
    .join(' ');
}

function isAbsent({ reachable, models, startable }: Asked['backends'][number]): boolean {
  return reachable === false && models.length === 0 && startable.length === 0;
}

function problemsOf(places: { label: string; backend: Asked['backends'][number] }[]): AbsentEngine['problems'] {
  const problems = new Map<string, AbsentEngine['problems'][number]>();
  for (const { label, backend } of places) {
    for (const { message, remedy } of backend.problems) {
      const key = JSON.stringify([message, remedy]);
      const problem = problems.get(key) ?? { message, remedy, machines: [] };
      problem.machines.push(label);
      problems.set(key, problem);
    }
  }
  return [...problems.values()];
}

function listed(titles: readonly string[]): string {
  return titles.length < 2 ? titles.join('') : `${titles.slice(0, -1).join(', ')} and ${titles.at(-1)}`;
}
