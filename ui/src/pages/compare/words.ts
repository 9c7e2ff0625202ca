/** A comparison in words and signs: central's figures, said for people. */

import type { Differing, MetricPair } from '../../lib/api/history';
import { percent, quantity } from '../../lib/format/quantity';

/** `+12 %`, `−3.4 %`; a change of nothing has no sign. */
export function relative(share: number | null): string {
  if (share === null) return '';
  const text = percent(Math.abs(share));
  if (share === 0) return text;
  return `${share > 0 ? '+' : '−'}${text}`;
}

/** As `quantity`, with a sign. */
export function signed(value: number, unit: string): string {
  const text = quantity(Math.abs(value), unit);
  if (value === 0) return text;
  return `${value > 0 ? '+' : '−'}${text}`;
}

/** What a difference comes to: only an interval without zero tells two runs apart. */
export function verdict(pair: MetricPair): { word: string; tone: 'good' | 'bad' | 'calm' } {
  if (pair.better === 'b') return { word: 'B is better', tone: 'good' };
  if (pair.better === 'a') return { word: 'A is better', tone: 'bad' };
  if (pair.difference.ci95 !== null) return { word: 'cannot be told apart', tone: 'calm' };
  return { word: pair.difference.reason ?? 'no interval', tone: 'calm' };
}

/** Headlines first, then as central lists them. */
export function ordered(metrics: readonly MetricPair[]): MetricPair[] {
  return [...metrics].sort((one, other) => Number(other.headline) - Number(one.headline));
}

/** `hardware.cpu.model` as people read it. */
export function fieldWords(field: string): string {
  return field.replace(/^params\./, '').replaceAll('_', ' ').replaceAll('.', ' › ');
}

export function byRole(differing: readonly Differing[]): { controlled: Differing[]; confounding: Differing[] } {
  return {
    controlled: differing.filter((each) => each.role === 'controlled variable'),
    confounding: differing.filter((each) => each.role === 'confounder'),
  };
}
