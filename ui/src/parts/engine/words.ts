/** What operations on engines are called, and what came of them. */

import type { Operation } from '../../lib/api/documents';
import type { OperationEvent } from '../../lib/api/engines';
import { bytes, duration, percent } from '../../lib/format/quantity';

export const OPERATION_WORDS: Record<Operation, { title: string; doing: string; warns: string }> = {
  start: { title: 'Start', doing: 'Starting', warns: '' },
  stop: { title: 'Stop', doing: 'Stopping', warns: 'Whoever uses this engine now is cut off.' },
  reset: { title: 'Reset', doing: 'Resetting', warns: 'It is stopped and started again: whoever uses this engine now is cut off.' },
  unload: { title: 'Unload', doing: 'Unloading', warns: 'Every model leaves its memory; the next answer waits until one is loaded again.' },
  pull: { title: 'Pull', doing: 'Pulling', warns: '' },
  sync: { title: 'Sync', doing: 'Copying', warns: 'Files that are not there yet are copied onto that machine.' },
};

/** Those that are pressed here: one that this page does not know has a place of its own. */
export function pressable(offered: readonly string[]): Operation[] {
  return offered.filter((each): each is Operation => Object.hasOwn(OPERATION_WORDS, each));
}

/** How far it is: `1.2 GiB of 4 GiB, 30 %`. */
export function progressWords({ done, total, unit }: OperationEvent): string {
  const amount = (value: number | null) => (unit === 'bytes' ? bytes(value) : `${(value ?? 0).toLocaleString('en')} ${unit ?? ''}`.trim());
  if (done === null) return '';
  return total ? `${amount(done)} of ${amount(total)}, ${percent(done / total)}` : amount(done);
}

/** What a backend answered, as pairs to show: whatever it is, each part by its own name. */
export function resultRows(result: unknown): [string, string][] {
  if (typeof result === 'string') return [['Model', result]];
  if (typeof result !== 'object' || result === null) return [];
  return Object.entries(result).flatMap(([name, value]) => {
    const said = valueWords(name, value);
    return said === '' ? [] : [[nameWords(name), said] as [string, string]];
  });
}

function valueWords(name: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    if (name.endsWith('_ms')) return duration(value);
    return /size|freed|bytes/.test(name) ? bytes(value) : String(value);
  }
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function nameWords(name: string): string {
  const said = name.replace(/_ms$/, '').replaceAll('_', ' ');
  return said.charAt(0).toUpperCase() + said.slice(1);
}
