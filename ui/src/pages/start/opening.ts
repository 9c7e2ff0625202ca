/** What a form that nobody has filled opens with: a kind of race that can run, and lanes that make a race. */

import type { KindAnswer, Machine } from '../../lib/api/documents';
import type { Field } from '../../lib/schema/schema';
import { showValue } from '../../lib/schema/value';
import { emptyLane, type LaneDraft, type Texts } from '../../lib/spec/draft';
import { parted, sectionOf, TEXT, type Section } from '../table';
import { reported } from './models';

/** The machines that are connected: others have engines by hearsay only. */
export function connected<Kind extends Pick<Machine, 'state'>>(machines: readonly Kind[]): Kind[] {
  return machines.filter(({ state }) => state === 'ready' || state === 'busy');
}

/** The first section with an engine that may answer, else the first that is offered; null where none is. */
export function openingSection(kinds: readonly KindAnswer[], machines: readonly Machine[]): Section | null {
  const { offered } = parted(kinds.map(({ kind }) => kind));
  const backends = connected(machines).flatMap((machine) => machine.backends);
  const usable = (section: Section) =>
    backends.some(({ reachable, workloads }) => reachable !== false && workloads.some(({ kind }) => sectionOf(kind) === section));
  return offered.find(usable) ?? offered[0] ?? null;
}

/** Whether that choice stands: every engine for language models was asked. */
export function isSettled(machines: readonly Machine[]): boolean {
  return TEXT.kinds.every((kind) => reported(connected(machines), kind));
}

/** So many machines have rows of their own; a row on all of them stands for more. */
export const MOST_ROWS = 8;

/** Machines of which any two may race each other: agents of one computer only where they share it. */
export function apart<Kind extends Pick<Machine, 'host_id' | 'share_host'>>(machines: readonly Kind[]): Kind[] {
  return machines.reduce<Kind[]>((chosen, machine) => {
    const free = chosen.every((other) => other.host_id !== machine.host_id || (other.share_host && machine.share_host));
    return free ? [...chosen, machine] : chosen;
  }, []);
}

type Able = Pick<Machine, 'machine_id' | 'state' | 'threads' | 'host_id' | 'share_host' | 'simulated'>;

/**
 * Two lanes for a machine that is alone: one thread against all, or else two values of the first parameter
 * with a choice. Several machines race each other, and models are chosen.
 */
export function openingLanes(fields: readonly Field[], able: readonly Able[]): LaneDraft[] {
  const linked = connected(able);
  const real = linked.filter((machine) => !machine.simulated);
  const ready = real.length > 0 ? real : linked;
  const all = ready.length > 0 ? ready : able;
  const machines = apart(all);
  const [machine] = machines;
  if (machine === undefined || fields.some((field) => field.source === 'models')) return [];
  const named = machines.length < all.length;
  if (machines.length > 1) return named || machines.length <= MOST_ROWS ? machines.map(({ machine_id }) => ({ ...emptyLane(), machine: machine_id })) : [];
  const lanes = valuesOf(fields, machine).map((params) => ({ ...emptyLane(), params }));
  return named ? lanes.map((lane) => ({ ...lane, machine: machine.machine_id })) : lanes;
}

function valuesOf(fields: readonly Field[], { threads }: Able): Texts[] {
  if (fields.some(isThreads) && threads !== 1) return [{ threads: '1' }, { threads: '0' }];
  const choice = fields.find((field) => field.choices.length > 1);
  return choice === undefined ? [] : choice.choices.slice(0, 2).map((value) => ({ [choice.name]: showValue(value) }));
}

/** Threads of which 0 takes all. */
function isThreads({ name, type, minimum }: Field): boolean {
  return name === 'threads' && type === 'integer' && minimum === 0;
}
