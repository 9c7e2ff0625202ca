/** Lanes at one press: of models, of the machines that have them, of the engines that do. */

import { emptyLane, MOST_LANES, type LaneDraft } from '../../../lib/spec/draft';
import type { Known, Place } from '../models';

export type By = 'model' | 'machine' | 'engine';

/** What tells two lanes apart beside their model. */
const OF: Record<By, (place: Place) => Partial<LaneDraft>> = {
  model: () => ({}),
  machine: (place) => ({ machine: place.machine_id, backend: place.backend }),
  engine: (place) => ({ backend: place.backend }),
};

/**
 * The lanes as they are, each with each model, on the engine that has it: where several kinds of
 * engine have one, a lane for each place. Without models, the lanes without one.
 */
export function withModels(lanes: LaneDraft[], field: string, chosen: Known[], engines: number): LaneDraft[] {
  const bare = lanes.map((lane) => {
    const { [field]: _, ...params } = lane.params;
    return { ...lane, backend: '', params };
  });
  const made = new Map<string, LaneDraft>();
  for (const base of bare.length > 0 ? bare : [emptyLane()]) {
    for (const each of chosen.length > 0 ? chosen : [null]) {
      const params = each !== null && chosen.length > 1 ? { ...base.params, [field]: each.name } : base.params;
      for (const place of each === null || engines < 2 ? [{}] : seats(base, each)) {
        const lane = { ...base, ...place, params };
        made.set(JSON.stringify(lane), lane);
      }
    }
  }
  const found = [...made.values()].slice(0, MOST_LANES);
  return found.length === 1 && JSON.stringify(found[0]) === JSON.stringify(emptyLane()) ? [] : found;
}

/** Where a lane finds its model. */
function seats(lane: LaneDraft, each: Known): Partial<LaneDraft>[] {
  const places = each.places.filter((place) => !lane.machine || place.machine_id === lane.machine);
  const backends = new Set(places.map((place) => place.backend));
  if (backends.size <= 1) return [...backends].map((backend) => ({ backend })).concat(backends.size ? [] : [{ backend: '' }]);
  return places.map((place) => ({ machine: place.machine_id, backend: place.backend }));
}

/** A lane for each; with several models chosen, each of them where it is. */
export function lanesBy(by: By, field: string, chosen: Known[]): LaneDraft[] {
  const made = new Map<string, LaneDraft>();
  for (const each of chosen) {
    const params = chosen.length > 1 ? { [field]: each.name } : {};
    for (const place of each.places) {
      const lane: LaneDraft = { ...emptyLane(), ...OF[by](place), params };
      made.set(JSON.stringify(lane), lane);
    }
  }
  return [...made.values()].slice(0, MOST_LANES);
}

/** How many machines or engines have one of the chosen models. */
export function count(by: By, chosen: Known[]): number {
  const name = (place: Place) => (by === 'machine' ? place.machine_id : place.backend);
  if (by === 'model') return chosen.length;
  return new Set(chosen.flatMap((each) => each.places.map(name))).size;
}

/** Numbers of a sweep as typed, each once and upwards; empty where one of them is none. */
export function sweep(typed: string): string[] {
  const parts = typed.split(/[\s,;]+/).filter(Boolean);
  if (!parts.every((part) => /^\d{1,6}$/.test(part) && Number(part) > 0)) return [];
  return [...new Set(parts.map(Number))].sort((one, other) => one - other).map(String);
}
