/** A race that is being set up: what the form holds, and the specification that it means. */

import type { LaneSpec, Params, RunSpec } from '../api/documents';
import { readValue, showValue } from '../schema/value';
import type { Field } from '../schema/schema';

/** Texts as typed, by parameter; an empty one leaves the value to what lies below. */
export type Texts = Record<string, string>;

export interface LaneDraft {
  machine: string;
  backend: string;
  label: string;
  params: Texts;
}

export interface Draft {
  kind: string;
  preset: string;
  params: Texts;
  lanes: LaneDraft[];
  rounds: string;
  warmup: string;
  order: string;
  sync: string;
  onlyReady: boolean;
  name: string;
}

export const MOST_LANES = 64;

export function emptyDraft(kind: string): Draft {
  return {
    kind,
    preset: '',
    params: {},
    lanes: [],
    rounds: '5',
    warmup: '1',
    order: '',
    sync: 'first_heat',
    onlyReady: false,
    name: '',
  };
}

export function emptyLane(): LaneDraft {
  return { machine: '', backend: '', label: '', params: {} };
}

export interface Checked {
  spec: RunSpec;
  /** Messages by path, as central names them: `params.n`, `lanes[1].params.n`, `rounds`. */
  errors: Record<string, string>;
}

/** Read the whole form. */
export function check(draft: Draft, fields: Field[], automatic: string | null): Checked {
  const errors: Record<string, string> = {};
  const spec: RunSpec = { kind: draft.kind };
  if (draft.preset) spec.preset = draft.preset;
  const params = readParams(draft.params, fields, automatic, 'params', errors);
  if (Object.keys(params).length > 0) spec.params = params;
  if (draft.lanes.length > 0) {
    spec.lanes = draft.lanes.map((lane, index) => readLane(lane, index, fields, automatic, errors));
  }
  const rounds = draft.rounds.trim() === 'auto' ? 'auto' : count(draft.rounds, 1, 100_000);
  if (rounds === null) errors.rounds = 'give 1 to 100000, or auto';
  else spec.rounds = rounds;
  const warmup = count(draft.warmup, 0, 1000);
  if (warmup === null) errors.warmup = 'give 0 to 1000';
  else spec.warmup = warmup;
  if (draft.order) spec.order = draft.order as RunSpec['order'];
  if (draft.sync === 'every_heat') spec.sync = 'every_heat';
  if (draft.onlyReady) spec.only_ready = true;
  if (draft.name.trim()) spec.name = draft.name.trim();
  return { spec, errors };
}

/** Draw a specification as a form: to run one again, or from the address. */
export function fromSpec(spec: RunSpec): Draft {
  return {
    ...emptyDraft(spec.kind),
    preset: spec.preset ?? '',
    params: texts(spec.params),
    lanes: (spec.lanes ?? []).slice(0, MOST_LANES).map((lane) => ({
      machine: lane.machine_id ?? '',
      backend: lane.backend ?? '',
      label: lane.label ?? '',
      params: texts(lane.params),
    })),
    rounds: String(spec.rounds ?? 5),
    warmup: String(spec.warmup ?? 1),
    order: spec.order ?? '',
    sync: spec.sync ?? 'first_heat',
    onlyReady: spec.only_ready ?? false,
    name: spec.name ?? '',
  };
}

/** Make a lane of every combination of values: one parameter, or a matrix of two. */
export function matrix(lanes: LaneDraft[], axes: { name: string; values: string[] }[]): LaneDraft[] {
  const used = axes.filter((axis) => axis.name !== '' && axis.values.length > 0);
  let made = lanes.length > 0 ? lanes : [emptyLane()];
  for (const axis of used) {
    made = made.flatMap((lane) =>
      axis.values.map((value) => ({ ...lane, params: { ...lane.params, [axis.name]: value } })),
    );
  }
  return unique(made);
}

function unique(lanes: LaneDraft[]): LaneDraft[] {
  const seen = new Set<string>();
  return lanes.filter((lane) => {
    const key = JSON.stringify([lane.machine, lane.backend, lane.label, Object.entries(lane.params).sort()]);
    return seen.has(key) ? false : seen.add(key);
  });
}

function readLane(
  lane: LaneDraft,
  index: number,
  fields: Field[],
  automatic: string | null,
  errors: Record<string, string>,
): LaneSpec {
  const made: LaneSpec = {};
  if (lane.machine) made.machine_id = lane.machine;
  if (lane.backend) made.backend = lane.backend;
  if (lane.label.trim()) made.label = lane.label.trim();
  const params = readParams(lane.params, fields, automatic, `lanes[${index}].params`, errors);
  if (Object.keys(params).length > 0) made.params = params;
  return made;
}

function readParams(
  given: Texts,
  fields: Field[],
  automatic: string | null,
  at: string,
  errors: Record<string, string>,
): Params {
  const found: Params = {};
  for (const field of fields) {
    const read = readValue(field, given[field.name] ?? '', automatic);
    if (!read.ok) errors[`${at}.${field.name}`] = read.message;
    else if (read.value !== undefined) found[field.name] = read.value;
  }
  return found;
}

function texts(params: Params | undefined): Texts {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, showValue(value)]));
}

function count(text: string, low: number, high: number): number | null {
  const value = /^\d{1,6}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : null;
}
