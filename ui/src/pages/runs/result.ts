/** What came of a run, in the pieces of a row of the list: central's own words and values. */

import type { RowLane, RowMachine, RunRow } from '../../lib/api/history';
import { shortModel, shortModels } from '../../lib/format/hardware';
import { quantity } from '../../lib/format/quantity';
import { bare, sized, split } from '../../lib/result/head';

export interface Outcome {
  /** The lane that is named first, and what is said of it. */
  name: string;
  text: string;
  /** `2.2x`, with what it is more of. */
  margin: string;
  unit: string;
}

export interface Bar {
  /** The number of the lane in the run: its colour. */
  index: number;
  share: number;
}

/** More bars are too thin to be told apart. */
const BARS = 4;
/** What fits the row of values that are too close. */
const VALUES = 3;

/** Whether the machines are simulated, the row says by itself. */
export function outcome(row: RunRow): Outcome | null {
  const { result } = row;
  if (result === null) return row.winner === null ? null : { name: row.winner, text: 'wins', margin: '', unit: '' };
  if (result.tied.length > 0) {
    const lanes = result.tied.flatMap((label) => row.lanes.filter((lane) => lane.label === label));
    return { name: '', text: `${bare(result.headline)}: ${beside(lanes)}`, margin: '', unit: '' };
  }
  const { name, rest } = split(result.headline, result.leader);
  return { name, text: rest, ...sized(result.margin ?? '') };
}

/** `280 / 249`: without the unit that the run's value has as well, where all have the same one. */
function beside(lanes: readonly RowLane[]): string {
  const texts = lanes.slice(0, VALUES).map((lane) => quantity(lane.value, lane.unit ?? ''));
  const [unit, ...others] = new Set(texts.map((text) => /^\S+ (.+)$/.exec(text)?.[1]));
  const shown = unit !== undefined && others.length === 0 ? texts.map((text) => text.slice(0, -unit.length - 1)) : texts;
  return [...shown, ...(lanes.length > VALUES ? ['…'] : [])].join(' / ');
}

/** The lane whose value stands for the run. */
export function leading(row: RunRow): RowLane | null {
  const label = row.result?.leader ?? row.winner ?? (row.lanes.length === 1 ? row.lanes[0]?.label : undefined);
  return row.lanes.find((lane) => lane.label === label) ?? null;
}

export function value(row: RunRow): string {
  const lane = leading(row);
  return lane === null || lane.value === null ? '' : quantity(lane.value, lane.unit ?? '');
}

/** The shares of the lanes, the best first; none where there is nothing to compare. */
export function bars(row: RunRow): Bar[] {
  const shares = row.lanes.flatMap(({ share }, index) => (share === null ? [] : [{ index, share }]));
  return shares.length < 2 ? [] : shares.sort((one, other) => other.share - one.share).slice(0, BARS);
}

/** `Xeon`, `RTX 4090`: what most decides the result, else the machine's name. */
export function hardware(machine: RowMachine): string {
  if (machine.gpus.length > 0) return shortModels(machine.gpus);
  return machine.cpu === null ? '' : shortModel(machine.cpu);
}

/** The machines with their hardware: `left, right · Xeon`. */
export function machines(row: RunRow): string {
  const labels = new Map(row.machines.map((machine) => [machine.machine_id, machine.label]));
  const ids = new Set([...row.lanes, ...row.machines].map(({ machine_id }) => machine_id));
  const names = [...ids].map((id) => labels.get(id) ?? id).join(', ');
  const parts = [...new Set(row.machines.map(hardware))].filter((part) => part !== '');
  return [names, parts.join(', ')].filter((part) => part !== '').join(' · ');
}
