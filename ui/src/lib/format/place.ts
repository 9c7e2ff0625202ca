/** Places as people say them. */

const ENDINGS = ['th', 'st', 'nd', 'rd'];

export function ordinal(place: number): string {
  const rest = place % 100;
  const ending = rest > 10 && rest < 14 ? 'th' : (ENDINGS[rest % 10] ?? 'th');
  return `${place}${ending}`;
}

/** What a screen reader hears when the order changes: only what changed, in one sentence. */
export function announce(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  labels: ReadonlyMap<string, string>,
): string {
  const moved = [...after].filter(([lane, place]) => before.get(lane) !== place);
  const shared = (place: number) => [...after.values()].filter((other) => other === place).length > 1;
  return moved
    .sort(([, one], [, other]) => one - other)
    .slice(0, 4)
    .map(([lane, place]) => `${labels.get(lane) ?? lane} is ${shared(place) ? 'joint ' : ''}${ordinal(place)}`)
    .join(', ');
}
