/** Lanes at one press: of models, of the machines that have them, of the engines that do. */

import { emptyLane, MAX_LANES, type LaneDraft } from '../../../lib/spec/draft';
import { MOST_ROWS } from '../opening';
import { SELECTS, type KnownModel, type Place } from '../models';

export type By = 'model' | 'machine' | 'engine';

/** What tells two lanes apart beside their model. */
const OF: Record<By, (place: Place) => Partial<LaneDraft>> = {
  model: () => ({}),
  machine: (place) => ({ machine: place.machine_id, backend: place.backend }),
  engine: (place) => ({ backend: place.backend }),
};

/**
 * The lanes as they are, each with each model, where that is: a lane for each machine and engine that
 * has it, and one that names none where very many machines all have it. Without models, what else lanes say.
 */
export function withModels(lanes: LaneDraft[], field: string, chosen: KnownModel[], fleet: Fleet): LaneDraft[] {
  const bare = lanes.map((lane) => {
    const { [field]: _, [SELECTS]: __, ...params } = lane.params;
    return { ...lane, backend: '', params };
  });
  const spread = (most: number) =>
    unique(
      (bare.length > 0 ? bare : [emptyLane()]).flatMap((base) => {
        // A machine alone was there for its model.
        if (chosen.length === 0) return base.label || Object.keys(base.params).length > 0 ? [base] : [];
        return chosen.flatMap((model) => seats(model, fleet, most).map((seat) => seated(base, seat, field, model, chosen.length)));
      }),
    );
  const apart = spread(MOST_ROWS);
  // No model is left out for want of rows.
  const result = (apart.length > MAX_LANES ? spread(1) : apart).slice(0, MAX_LANES);
  return result.length === 1 && JSON.stringify(result[0]) === JSON.stringify(emptyLane()) ? [] : result;
}

/** The machines that offer the kind of work, and how many kinds of engine do. */
export interface Fleet {
  machines: number;
  engines: number;
  /** Those that are not connected. */
  away: ReadonlySet<string>;
}

type Seat = Pick<LaneDraft, 'machine' | 'backend'> & { starts: Place['starts'] };

/** A model where it is raced: simulated machines race only where no real one has it. */
export function onReal(model: KnownModel, simulated: ReadonlySet<string>): KnownModel {
  const places = model.places.filter((place) => !simulated.has(place.machine_id));
  return places.length > 0 ? { ...model, places } : model;
}

/** Where lanes find a model; none is named where it does not matter, or is not known, or more than `most` all have it. */
function seats(model: KnownModel, fleet: Fleet, most: number): (Seat | null)[] {
  const backends = new Set(model.places.map((place) => place.backend));
  const machines = new Set(model.places.map((place) => place.machine_id));
  if (model.places.length === 0) return [null];
  const everywhere = machines.size === fleet.machines && model.places.length === machines.size;
  if (everywhere && backends.size === 1 && model.places.every((place) => place.starts === null)) {
    const backend = fleet.engines > 1 ? ([...backends][0] ?? '') : '';
    const there = [...machines].filter((machine) => !fleet.away.has(machine));
    if (there.length < 2 || there.length > most) return [{ machine: '', backend, starts: null }];
    return there.map((machine) => ({ machine, backend, starts: null }));
  }
  return model.places.map((place) => ({
    machine: fleet.machines > 1 ? place.machine_id : '',
    backend: fleet.engines > 1 ? place.backend : '',
    starts: place.starts,
  }));
}

function seated(base: LaneDraft, seat: Seat | null, field: string, model: KnownModel, models: number): LaneDraft {
  const named: Record<string, string> = models > 1 ? { [field]: model.name } : {};
  const params = { ...base.params, ...(seat?.starts ?? named) };
  return seat === null ? { ...base, params } : { ...base, machine: seat.machine, backend: seat.backend, params };
}

/** The name of the model that a lane races, empty where it names none. */
export function modelOf(lane: LaneDraft, field: string, all: KnownModel[]): string {
  const { [field]: named, [SELECTS]: server } = lane.params;
  if (named || !server) return named ?? '';
  const is = (place: Place) =>
    (!lane.machine || lane.machine === place.machine_id) &&
    (place.starts?.[SELECTS] === server || server in (place.model.engines ?? {}));
  return all.find((model) => model.places.some(is))?.name ?? '';
}

function unique(lanes: LaneDraft[]): LaneDraft[] {
  return [...new Map(lanes.map((lane) => [JSON.stringify(lane), lane])).values()];
}

/** A lane for each; with several models chosen, each of them where it is. */
export function lanesBy(by: By, field: string, chosen: KnownModel[]): LaneDraft[] {
  return unique(
    chosen.flatMap((model) => {
      const named: Record<string, string> = chosen.length > 1 ? { [field]: model.name } : {};
      return model.places.map((place) => ({ ...emptyLane(), ...OF[by](place), params: { ...(place.starts ?? named) } }));
    }),
  ).slice(0, MAX_LANES);
}

/** How many machines or engines have one of the chosen models. */
export function count(by: By, chosen: KnownModel[]): number {
  const name = (place: Place) => (by === 'machine' ? place.machine_id : place.backend);
  if (by === 'model') return chosen.length;
  return new Set(chosen.flatMap((model) => model.places.map(name))).size;
}

/** `1, 2, 4, 6`: doubled up to the most, which is the last. */
export function doubled(most: number): string {
  const values = [];
  for (let value = 1; value < most; value *= 2) values.push(value);
  return [...values, most].join(', ');
}

/** Numbers of a sweep as typed, each once and upwards; empty where one of them is none. */
export function sweep(typed: string): string[] {
  const parts = typed.split(/[\s,;]+/).filter(Boolean);
  if (!parts.every((part) => /^\d{1,6}$/.test(part) && Number(part) > 0)) return [];
  return [...new Set(parts.map(Number))].sort((one, other) => one - other).map(String);
}
