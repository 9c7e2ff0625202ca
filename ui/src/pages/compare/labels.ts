/** A comparison in words. */

import type { Differing, MetricPair } from '../../lib/api/history';
import { plural } from '../../lib/format/number';

/** What became of a metric in central's words, as a cell of the table. */
export function result(pair: MetricPair): { text: string; tone: 'good' | 'bad' | 'calm'; uncompared: boolean } {
  const { text, verdict } = pair.change;
  const tone = pair.better === 'b' ? 'good' : pair.better === 'a' ? 'bad' : 'calm';
  return { text: text.charAt(0).toUpperCase() + text.slice(1), tone, uncompared: verdict === 'not comparable' || verdict === 'not measured' };
}

/** The interval of a change, or why it has none, and what would make it clear. */
export function certainty({ change, direction }: MetricPair): string {
  // That no direction is better says nothing of how certain a difference is.
  const reason = direction === 'none' || change.reason === change.text ? null : change.reason;
  const more = change.more_rounds === null ? null : `${plural(change.more_rounds, 'more round')} in each would probably decide it`;
  return [change.interval ?? reason, more].filter((part) => part !== null).join('; ');
}

/** `Baseline (A)`, `New (B)`; of several runs, the letter alone. */
export function sideLabel(name: string, several: boolean): string {
  if (name === 'A') return 'Baseline (A)';
  return several ? name : `New (${name})`;
}

/** `hardware.cpu.model` as people read it. */
export function fieldLabel(field: string): string {
  return field.replace(/^params\./, '').replaceAll('_', ' ').replaceAll('.', ' › ');
}

export function byRole(differing: readonly Differing[]): { controlled: Differing[]; confounding: Differing[] } {
  return {
    controlled: differing.filter((difference) => difference.role === 'controlled variable'),
    confounding: differing.filter((difference) => difference.role === 'confounder'),
  };
}
