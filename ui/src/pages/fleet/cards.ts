/** What the card of a machine shows, and which cards are shown in which order. Pure. */

import type { FleetMachine, Load, Told } from '../../lib/api/admin';
import type { RunRow } from '../../lib/api/history';
import { chips, joined, systemName } from '../../lib/format/hardware';
import { conditionLabel } from '../../lib/format/machine';
import { outcome } from '../runs/result';

/** The hardware in one line: GPUs first, then the processor with its memory. */
export function hardwareLine(report: Told | undefined): string {
  if (!report) return '';
  // The system has a line of its own.
  return chips({ ...report.hardware, os: {} }).join(' · ');
}

export function systemLine(report: Told | undefined): string {
  return report ? systemName(report.hardware.os) : '';
}

/** The newest run that a machine took part in, of those given: for a lane of its own, as a client or as a worker. */
export function lastRun(machineId: string, recent: readonly RunRow[]): RunRow | null {
  return recent.find((row) => row.machines.some((machine) => machine.machine_id === machineId)) ?? null;
}

/** What came of a run, in a line: `small-q8 wins, 2.2x faster`; its state where nothing did. */
export function resultLine(row: RunRow): string {
  const result = outcome(row);
  return result === null ? row.state : joined(', ', joined(' ', result.name, result.text), joined(' ', result.margin, result.unit));
}

export interface Choice {
  q: string;
  state: string;
  kind: string;
  sort: string;
}

/** The words that the cards are filtered by. */
export const word = conditionLabel;
export const kindsOf = (machine: FleetMachine) => machine.backends.flatMap((backend) => backend.workloads.map(({ kind }) => kind));

const ORDER: readonly FleetMachine['condition'][] = ['busy', 'ready', 'degraded', 'offline'];

/** The machines that are shown: those that fit every part of the choice, sorted. */
export function chosen(machines: readonly FleetMachine[], { q, state, kind, sort }: Choice, loads: ReadonlyMap<string, Load>): FleetMachine[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (machine: FleetMachine) => {
    const text = `${machine.label} ${machine.machine_id} ${machine.address ?? ''}`.toLowerCase();
    return words.every((part) => text.includes(part)) && (state === '' || word(machine) === state) && (kind === '' || kindsOf(machine).includes(kind));
  };
  const byName = (one: FleetMachine, other: FleetMachine) => one.label.localeCompare(other.label, undefined, { numeric: true });
  const rank = (machine: FleetMachine) => ORDER.indexOf(machine.condition);
  const load = ({ machine_id }: FleetMachine) => loads.get(machine_id)?.cpu_percent ?? -1;
  return machines.filter(fits).sort((one, other) => {
    const first = sort === 'state' ? rank(one) - rank(other) : sort === 'load' ? load(other) - load(one) : 0;
    return first || byName(one, other);
  });
}

/** The kinds of work that all of some machines offer. */
export function commonKinds(machines: readonly FleetMachine[]): string[] {
  const [first, ...others] = machines.map(kindsOf);
  return [...new Set(first ?? [])].filter((kind) => others.every((kinds) => kinds.includes(kind)));
}
