/** What a machine is and how it stands, in words. */

import type { FleetMachine, Told } from '../../lib/api/admin';
import type { BackendAnswer, MachineState } from '../../lib/api/documents';
import { ago } from '../../lib/format/date';
import { bytes, duration } from '../../lib/format/quantity';

export const MACHINE_WORDS: Record<MachineState, string> = {
  ready: 'ready',
  busy: 'busy',
  suspect: 'not heard of late',
  lost: 'lost',
  excluded: 'excluded',
};

export function hardwareWords(told: Told | undefined): string[] {
  const hardware = told?.hardware;
  if (!hardware) return [];
  const cores = hardware.cpu?.usable_threads ?? hardware.cpu?.logical_cores;
  const memory = hardware.memory?.total_bytes;
  return [
    hardware.product,
    hardware.cpu?.model,
    cores ? `${cores} threads` : null,
    memory ? bytes(memory) : null,
    ...(hardware.gpus ?? []).map((gpu) => gpu.name ?? 'a GPU'),
    [hardware.os?.name, hardware.os?.version].filter(Boolean).join(' '),
  ].filter((part): part is string => typeof part === 'string' && part !== '');
}

/** How well the machine's clock is known: it decides how close a start line can be. */
export function clockWords(machine: FleetMachine): string {
  if (machine.uncertainty_ns === null) return 'not measured yet';
  return `known to ±${duration(machine.uncertainty_ns / 1e6)}`;
}

export function reachWords(
  backend: BackendAnswer,
  linked: boolean,
): { word: string; tone: 'good' | 'bad' | 'calm' } {
  if (!linked) return { word: 'as last heard', tone: 'calm' };
  if (backend.reachable === null) return { word: 'not asked yet', tone: 'calm' };
  return backend.reachable ? { word: 'answers', tone: 'good' } : { word: 'does not answer', tone: 'bad' };
}

/** When an engine that nobody uses is stopped; empty for never. */
export function idleWords(backend: BackendAnswer, now_s: number): string {
  if (!backend.stops_at) return '';
  return backend.stops_at > now_s + 5 ? `stops ${ago(backend.stops_at, now_s)} if nobody uses it` : 'stops now, as nobody uses it';
}

/** Whether an agent that runs here is one of this central's machines: it may serve another one. */
export function joinWords(machineId: string, machines: readonly FleetMachine[]): string {
  const machine = machines.find((each) => each.machine_id === machineId);
  if (!machine) return 'has not joined this central';
  return machine.state === 'lost' ? 'joined this central, and is lost' : 'joined this central';
}

/** What a refused service call means, and what to do. */
export function refusalWords(status: number): string | null {
  if (status === 401) {
    return 'Others can reach this central, and it asks nobody for a token (--insecure). So starting and stopping asks for the service token: the value of SERVICE_CONTROL_TOKEN in the environment that central was started with. If it has none, set one and start central again.';
  }
  return null;
}
