/** What operations on engines are called, and what came of them. */

import type { Operation } from '../../lib/api/documents';
import type { OperationEvent } from '../../lib/api/engines';
import { count, duration, fileSize, memorySize, percent } from '../../lib/format/quantity';

export const OPERATION_LABELS: Record<Operation, { title: string; doing: string; warns: string }> = {
  start: { title: 'Start', doing: 'Starting', warns: '' },
  stop: { title: 'Stop', doing: 'Stopping', warns: 'Requests that the engine is serving are cut off.' },
  reset: { title: 'Reset', doing: 'Resetting', warns: 'The engine is restarted. Requests that it is serving are cut off.' },
  unload: { title: 'Unload', doing: 'Unloading', warns: 'All models are removed from memory. The next request waits until one is loaded again.' },
  pull: { title: 'Pull', doing: 'Pulling', warns: '' },
  sync: { title: 'Sync', doing: 'Copying', warns: 'Missing files are copied to that machine.' },
};

/** Those that are pressed here: one that this page does not know has a place of its own. */
export function pressable(offered: readonly string[]): Operation[] {
  return offered.filter((operation): operation is Operation => Object.hasOwn(OPERATION_LABELS, operation));
}

/** How far it is: `1.20 GB of 4 GB, 30 %`. */
export function progressLabel({ done, total, unit }: OperationEvent): string {
  const amount = (value: number | null) => (unit === 'bytes' ? fileSize(value) : `${count(value ?? 0)} ${unit ?? ''}`.trim());
  if (done === null) return '';
  return total ? `${amount(done)} of ${amount(total)}, ${percent(done / total)}` : amount(done);
}

/** What a backend answered, as pairs to show: whatever it is, each part by its own name. */
export function resultRows(result: unknown): [string, string][] {
  if (typeof result === 'string') return [['Model', result]];
  if (typeof result !== 'object' || result === null) return [];
  return Object.entries(result).flatMap(([name, value]) => {
    const label = valueLabel(name, value);
    return label === '' ? [] : [[nameLabel(name), label] as [string, string]];
  });
}

function valueLabel(name: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') {
    if (name.endsWith('_ms')) return duration(value);
    if (/freed/.test(name)) return memorySize(value);
    return /size|bytes/.test(name) ? fileSize(value) : String(value);
  }
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function nameLabel(name: string): string {
  const label = name.replace(/_ms$/, '').replaceAll('_', ' ');
  return label.charAt(0).toUpperCase() + label.slice(1);
}
