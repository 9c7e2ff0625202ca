/** Metrics that say the same of every lane: one row stands for them. */

import type { Found } from './rows';

export function withoutTwins(rows: readonly Found[]): [Found, ...Found[]][] {
  const groups = new Map<string, [Found, ...Found[]]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

/** Counts are equal by chance: as many tokens went in as came out. */
function keyOf({ name, metric, values }: Found): string {
  if (metric.estimator === 'count') return name;
  const numbers = values.map((value) => value && [value.value, value.median, value.ci95, value.n]);
  return JSON.stringify([metric.unit, metric.better, metric.estimator, numbers]);
}
