/** A lane on all ready machines as one row per machine, each of which can be changed or removed. */

import type { Machine, Plan } from '../../lib/api/documents';
import type { LaneDraft } from '../../lib/spec/draft';
import { connected } from './opening';

type Able = Pick<Machine, 'machine_id' | 'label' | 'state'>;

/** Where a row without a machine runs: as central planned it, and otherwise on all machines that are ready. */
export function machinesOf(row: LaneDraft, index: number, plan: Plan | null, able: readonly Able[]): Able[] {
  if (row.machine !== '') return [];
  const planned = new Set((plan?.lanes ?? []).flatMap((lane) => (lane.spec_index === index ? [lane.machine_id] : [])));
  return planned.size > 0 ? able.filter(({ machine_id }) => planned.has(machine_id)) : connected(able);
}

export function spread(row: LaneDraft, machines: readonly Able[]): LaneDraft[] {
  return machines.map(({ machine_id, label }) => ({
    ...row,
    machine: machine_id,
    // Labels of a race are unique, as central makes them.
    label: row.label === '' ? '' : `${row.label} · ${label}`,
    params: { ...row.params },
  }));
}
