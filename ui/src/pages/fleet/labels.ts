/** What a machine is and how it stands, in words. */

import type { FleetMachine, Told } from '../../lib/api/admin';
import type { BackendAnswer, MachineState } from '../../lib/api/documents';
import { ago } from '../../lib/format/date';
import { durationNs, memorySize } from '../../lib/format/quantity';

export const MACHINE_LABELS: Record<MachineState, string> = {
  ready: 'ready',
  busy: 'busy',
  suspect: 'not responding',
  lost: 'lost',
  stopped: 'stopped',
  excluded: 'excluded',
};

export function hardwareLabel(report: Told | undefined): string[] {
  const hardware = report?.hardware;
  if (!hardware) return [];
  const cores = hardware.cpu?.usable_threads ?? hardware.cpu?.logical_cores;
  const memory = hardware.memory?.total_bytes;
  return [
    hardware.product,
    hardware.cpu?.model,
    cores ? `${cores} threads` : null,
    memory ? memorySize(memory) : null,
    ...(hardware.gpus ?? []).map((gpu) => gpu.name ?? 'a GPU'),
    [hardware.os?.name, hardware.os?.version].filter(Boolean).join(' '),
  ].filter((part): part is string => typeof part === 'string' && part !== '');
}

/** How well the machine's clock is known: it decides how close a start line can be. */
export function clockLabel(machine: FleetMachine): string {
  if (machine.uncertainty_ns === null) return 'not measured yet';
  return `known to ±${durationNs(machine.uncertainty_ns)}`;
}

export function reachLabel(
  backend: BackendAnswer,
  linked: boolean,
): { word: string; tone: 'good' | 'bad' | 'calm' } {
  if (!linked) return { word: 'last known', tone: 'calm' };
  if (backend.reachable === null) return { word: 'not checked yet', tone: 'calm' };
  return backend.reachable ? { word: 'responding', tone: 'good' } : { word: 'not responding', tone: 'bad' };
}

/** When an engine that nobody uses is stopped; empty for never. */
export function idleLabel(backend: BackendAnswer, now_s: number): string {
  if (!backend.stops_at) return '';
  return backend.stops_at > now_s + 5 ? `stops ${ago(backend.stops_at, now_s)} unless used` : 'stopping, as it is idle';
}

/** Whether an agent that runs here is one of this central's machines: it may serve another one. */
export function joinLabel(machineId: string, machines: readonly FleetMachine[]): string {
  const machine = machines.find((machine) => machine.machine_id === machineId);
  if (!machine) return 'has not joined this central';
  if (machine.state === 'stopped') return 'joined this central, now stopped';
  return machine.state === 'lost' ? 'joined this central, now lost' : 'joined this central';
}

/** What a refused service call means, and what to do. */
export function refusalLabel(status: number): string | null {
  if (status === 401) {
    return 'Anyone who reaches this central can use it without a token (--insecure), so starting and stopping services needs the service token: the value of SERVICE_CONTROL_TOKEN in the environment that central was started with. If it is not set, set it and restart central.';
  }
  return null;
}
