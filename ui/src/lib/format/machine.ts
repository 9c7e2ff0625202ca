/** The states of a machine in words. */

import type { MachineState } from '../api/documents';

export const MACHINE_LABELS: Record<MachineState, string> = {
  ready: 'ready',
  busy: 'busy',
  suspect: 'not responding',
  lost: 'lost',
  stopped: 'stopped',
  excluded: 'excluded',
};
