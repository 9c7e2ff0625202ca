/** Why a race cannot start: which machine objects to what, and what would help. */

import type { FieldError } from '../../lib/events/types';
import { fieldLabel } from '../../lib/format/sentence';
import { emptyLane, type LaneDraft } from '../../lib/spec/draft';

/** One message, with everything that it is about: `left, lanes 1 and 3`. */
export interface Objection {
  about: string;
  message: string;
}

/** A press that makes the race one that can start. */
export interface Fix {
  title: string;
  /** The lanes afterwards; null leaves them, and skips those that cannot start. */
  lanes: LaneDraft[] | null;
}

interface Named {
  machine_id: string;
  label: string;
}

const LANE = /^lanes\[(\d+)\]\.?(.*)$/;

/** What is wrong, each once: what several lanes or machines share is one objection of all of them. */
export function objections(fields: FieldError[], machines: Named[]): Objection[] {
  const groups = new Map<string, { name: string; message: string; machines: Set<string>; lanes: Set<number> }>();
  for (const { path, message, machine_id } of fields) {
    const [, lane, inside = ''] = LANE.exec(path) ?? [];
    const rest = (lane === undefined ? path : inside).replace(/^params\.?/, '');
    const name = rest === 'machine_id' || rest === 'lanes' ? '' : rest;
    const key = JSON.stringify([name, message]);
    const group = groups.get(key) ?? { name, message, machines: new Set(), lanes: new Set() };
    if (machine_id) group.machines.add(labelOf(machine_id, machines));
    if (lane !== undefined) group.lanes.add(Number(lane) + 1);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({ about: about(group), message: group.message }));
}

/** What would help; nothing where some lane would be wrong on every machine, or it is not known which. */
export function fixes(fields: FieldError[], lanes: LaneDraft[], able: Named[]): Fix[] {
  const bad = new Set(fields.map((field) => field.machine_id ?? ''));
  if (fields.length === 0 || bad.has('')) return [];
  const rest = able.filter((machine) => !bad.has(machine.machine_id));
  const there = onlyOn(lanes, rest.map((machine) => machine.machine_id));
  const wrong = new Set(fields.map((field) => LANE.exec(field.path)?.[1]));
  const someRemain = there.length > 0 || (!wrong.has(undefined) && wrong.size < lanes.length);
  return [
    ...(there.length > 0 ? [{ title: `Only ${listed(rest.map((machine) => machine.label))}`, lanes: there }] : []),
    ...(someRemain ? [{ title: 'Skip lanes that cannot start', lanes: null }] : []),
  ];
}

/** The lanes of these machines; one that was on all of them becomes one on each of these. */
export function onlyOn(lanes: LaneDraft[], machineIds: string[]): LaneDraft[] {
  return (lanes.length > 0 ? lanes : [emptyLane()]).flatMap((lane) => {
    if (lane.machine !== '') return machineIds.includes(lane.machine) ? [lane] : [];
    return machineIds.map((machine) => ({ ...lane, machine, params: { ...lane.params } }));
  });
}

function about({ name, machines, lanes }: { name: string; machines: Set<string>; lanes: Set<number> }): string {
  const numbers = [...lanes].sort((one, other) => one - other).map(String);
  const where = numbers.length > 0 ? `${numbers.length > 1 ? 'lanes' : 'lane'} ${listed(numbers)}` : '';
  const text = [listed([...machines]), where, name === '' ? '' : fieldLabel(name).toLowerCase()].filter(Boolean).join(', ');
  // A machine keeps the name that it has.
  return machines.size > 0 ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function labelOf(machineId: string, machines: Named[]): string {
  return machines.find((machine) => machine.machine_id === machineId)?.label ?? machineId;
}

function listed(names: string[]): string {
  if (names.length > 3) return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
}
