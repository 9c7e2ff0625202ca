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
  /** Values that came with a specification and look like nothing typed, such as an empty text. */
  blank: Params;
  /** Machines that generate load in addition to its own. */
  clients?: string[];
  /** Machines that lend themselves to it. */
  workers?: string[];
}

export interface Draft {
  kind: string;
  preset: string;
  params: Texts;
  /** As a lane's. */
  blank: Params;
  lanes: LaneDraft[];
  rounds: string;
  warmup: string;
  order: string;
  sync: string;
  resident: string;
  onlyReady: boolean;
  name: string;
  /** What the form does not show; it goes through as it came, so that nothing is lost. */
  rest: Omit<RunSpec, Shown>;
}

/** Each field of a request, and whether the form shows it: one that central gains must be decided here. */
const SHOWN = {
  kind: true,
  params: true,
  preset: true,
  lanes: true,
  rounds: true,
  warmup: true,
  order: true,
  sync: true,
  resident: true,
  salt: false,
  only_ready: true,
  name: true,
  tags: false,
  notes: false,
  sampling_s: false,
  timeout_s: false,
  continues: false,
} as const satisfies Record<keyof RunSpec, boolean>;

type Shown = { [Field in keyof RunSpec]-?: (typeof SHOWN)[Field] extends true ? Field : never }[keyof RunSpec];

export const MAX_LANES = 64;

export function emptyDraft(kind: string): Draft {
  return {
    kind,
    preset: '',
    params: {},
    blank: {},
    lanes: [],
    rounds: '5',
    warmup: '1',
    order: '',
    sync: 'first_heat',
    resident: 'one',
    onlyReady: false,
    name: '',
    rest: {},
  };
}

export function emptyLane(): LaneDraft {
  return { machine: '', backend: '', label: '', params: {}, blank: {} };
}

/** Another lane like the last one; machines that work for that lane can work for no other. */
export function anotherLane(last: LaneDraft | undefined): LaneDraft {
  return last ? { ...last, label: '', params: { ...last.params }, clients: [], workers: [] } : emptyLane();
}

export interface Checked {
  spec: RunSpec;
  /** Messages by path, as central names them: `params.n`, `lanes[1].params.n`, `rounds`. */
  errors: Record<string, string>;
  /** Parameters that came with a specification, and that no connected machine has a field for. */
  unknown: string[];
}

/** Read the whole form. */
export function check(draft: Draft, fields: Field[], automatic: string | null): Checked {
  const errors: Record<string, string> = {};
  const spec: RunSpec = { ...draft.rest, kind: draft.kind };
  if (draft.preset) spec.preset = draft.preset;
  const params = readParams(draft, fields, automatic, 'params', errors);
  if (Object.keys(params).length > 0) spec.params = params;
  if (draft.lanes.length > 0) {
    spec.lanes = draft.lanes.map((lane, index) => readLane(lane, index, fields, automatic, errors));
  }
  const rounds = draft.rounds.trim() === 'auto' ? 'auto' : count(draft.rounds, 1, 100_000);
  if (rounds === null) errors.rounds = 'enter 1 to 100000, or auto';
  else spec.rounds = rounds;
  const warmup = count(draft.warmup, 0, 1000);
  if (warmup === null) errors.warmup = 'enter 0 to 1000';
  else spec.warmup = warmup;
  if (draft.order) spec.order = draft.order as RunSpec['order'];
  if (draft.sync === 'every_heat') spec.sync = 'every_heat';
  if (draft.resident === 'many') spec.resident = 'many';
  if (draft.onlyReady) spec.only_ready = true;
  if (draft.name.trim()) spec.name = draft.name.trim();
  return { spec, errors, unknown: unknownIn(draft, fields) };
}

function unknownIn(draft: Draft, fields: Field[]): string[] {
  const names = [draft, ...draft.lanes].flatMap((lane) => Object.keys(lane.params));
  return [...new Set(names)].filter((name) => !fields.some((field) => field.name === name));
}

/** What is raced and under which conditions, whatever it is called and however many rounds it has. */
export function workOf({ kind, preset, params, lanes, warmup, order, sync, resident }: Draft): string {
  return JSON.stringify([kind, preset, params, lanes, warmup, order, sync, resident]);
}

/** Draw a specification as a form: to run one again, or from the address. */
export function fromSpec(spec: RunSpec): Draft {
  const { kind, preset, params, lanes, rounds, warmup, order, sync, resident, only_ready, name, ...rest } = spec;
  return {
    kind,
    preset: preset ?? '',
    params: texts(params),
    blank: blank(params),
    lanes: (lanes ?? []).slice(0, MAX_LANES).map((lane) => ({
      machine: lane.machine_id ?? '',
      backend: lane.backend ?? '',
      label: lane.label ?? '',
      params: texts(lane.params),
      blank: blank(lane.params),
      ...(lane.clients?.length ? { clients: [...lane.clients] } : {}),
      ...(lane.workers?.length ? { workers: [...lane.workers] } : {}),
    })),
    rounds: String(rounds ?? 5),
    warmup: String(warmup ?? 1),
    order: order ?? '',
    sync: sync ?? 'first_heat',
    resident: resident ?? 'one',
    onlyReady: only_ready ?? false,
    name: name ?? '',
    rest,
  };
}

/** Make a lane of every combination of values: one parameter, or a matrix of two. */
export function matrix(lanes: LaneDraft[], axes: { name: string; values: string[] }[]): LaneDraft[] {
  const used = axes.filter((axis) => axis.name !== '' && axis.values.length > 0);
  let result = lanes.length > 0 ? lanes : [emptyLane()];
  for (const axis of used) {
    result = result.flatMap((lane) =>
      axis.values.map((value) => ({ ...lane, params: { ...lane.params, [axis.name]: value } })),
    );
  }
  return unique(result);
}

function unique(lanes: LaneDraft[]): LaneDraft[] {
  const seen = new Set<string>();
  return lanes.filter((lane) => {
    const key = JSON.stringify([lane.machine, lane.clients, lane.workers, lane.backend, lane.label, Object.entries(lane.params).sort()]);
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
  const result: LaneSpec = {};
  if (lane.machine) result.machine_id = lane.machine;
  if (lane.backend) result.backend = lane.backend;
  if (lane.clients?.length) result.clients = lane.clients;
  if (lane.workers?.length) result.workers = lane.workers;
  if (lane.label.trim()) result.label = lane.label.trim();
  const params = readParams(lane, fields, automatic, `lanes[${index}].params`, errors);
  if (Object.keys(params).length > 0) result.params = params;
  return result;
}

function readParams(
  { params: typed, blank }: { params: Texts; blank: Params },
  fields: Field[],
  automatic: string | null,
  at: string,
  errors: Record<string, string>,
): Params {
  const params: Params = {};
  for (const field of fields) {
    const read = readValue(field, typed[field.name] ?? '', automatic);
    if (!read.ok) errors[`${at}.${field.name}`] = read.message;
    else if (read.value !== undefined) params[field.name] = read.value;
    else if (field.name in blank && typed[field.name] === showValue(blank[field.name])) params[field.name] = blank[field.name];
  }
  return params;
}

function texts(params: Params | undefined): Texts {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, showValue(value)]));
}

/** An empty text or null says something over a preset's value; as a text it would be left out. */
function blank(params: Params | undefined): Params {
  return Object.fromEntries(Object.entries(params ?? {}).filter(([, value]) => showValue(value).trim() === ''));
}

function count(text: string, low: number, high: number): number | null {
  const value = /^\d{1,6}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : null;
}
