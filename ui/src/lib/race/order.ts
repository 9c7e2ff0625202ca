/** In which order lanes stand on the page: best first, and as before where nothing tells them apart. */

import type { Result } from '../api/documents';
import type { Race } from './state';

export function laneOrder(race: Race, result: Result | null, before: readonly string[]): readonly string[] {
  const after = result === null ? byStanding(race, before) : byResult(race, result);
  return after.length === before.length && after.every((id, index) => id === before[index]) ? before : after;
}

function byResult(race: Race, result: Result): string[] {
  const ranked = result.lanes.map((lane) => lane.lane_id).filter((id) => race.lanes[id] !== undefined);
  return [...ranked, ...race.order.filter((id) => !ranked.includes(id))];
}

function byStanding(race: Race, before: readonly string[]): string[] {
  const places = new Map(race.standing?.places.map((place) => [place.lane_id, place.place ?? Infinity]));
  const at = (id: string) => places.get(id) ?? Infinity;
  return [...before].sort((one, other) => {
    const [first, second] = [at(one), at(other)];
    return first === second ? 0 : first - second;
  });
}
