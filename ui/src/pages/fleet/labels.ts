/** What a machine is and how it stands, in words. */

import type { TokenEntry, TokenRole } from '../../lib/api/access';
import type { FleetMachine, Told } from '../../lib/api/admin';
import type { BackendAnswer } from '../../lib/api/documents';
import { isLocal } from '../../lib/api/local';
import type { Said as SessionAnswer } from '../../lib/api/session.svelte';
import { ago, day } from '../../lib/format/date';
import { conditionLabel } from '../../lib/format/machine';
import { durationNs, memorySize, plural } from '../../lib/format/quantity';
import { capital } from '../../lib/format/sentence';

type Tone = 'good' | 'busy' | 'warn' | 'bad';

const TONES: Record<FleetMachine['condition'], Tone> = { ready: 'good', busy: 'busy', degraded: 'warn', offline: 'bad' };

/** The condition of a machine as a pill; the reason is shown after it. */
export function conditionPill(machine: Pick<FleetMachine, 'condition' | 'excluded'>): { word: string; tone: Tone } {
  const tone = TONES[machine.condition];
  return { word: conditionLabel(machine), tone: machine.excluded && tone !== 'bad' ? 'warn' : tone };
}

/** What is wrong with a machine, or would spoil its figures: each once, whoever says so. */
export function problemsOf(machine: Pick<FleetMachine, 'problems'>, report: Told | undefined): { message: string; remedy: string }[] {
  const all = [...machine.problems, ...(report?.environment.problems ?? [])].map(({ message, remedy }) => ({ message, remedy }));
  return [...new Map(all.map((problem) => [problem.message, problem])).values()];
}

/** The first problem in its own words, unless the reason above has them, and how many more there are. */
export function problemsLabel(problems: readonly { message: string }[], reason: string | null): string {
  const [first] = problems;
  if (first === undefined) return '';
  // Central joins the messages of several.
  const above = problems.filter(({ message }) => `; ${reason ?? ''}; `.includes(`; ${message}; `)).length;
  if (above > 0) return above === problems.length ? 'What to do' : plural(problems.length, 'problem');
  return capital(first.message) + (problems.length > 1 ? `, and ${plural(problems.length - 1, 'more problem')}` : '');
}

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
  return `accurate to ±${durationNs(machine.uncertainty_ns)}`;
}

const CERTIFICATE_WARN_S = 30 * 86_400;

/** How a link is protected; null while there is none. */
export function linkLabel({ link, address }: Pick<FleetMachine, 'link' | 'address'>, now_s: number): { text: string; warn: boolean } | null {
  if (link === null) return null;
  if (!link.tls) {
    if (link.local) return { text: 'not encrypted, on this computer', warn: false };
    if (address === null || !isLocal(address)) return { text: 'not encrypted', warn: true };
    return { text: 'through a proxy on central’s computer, which decides whether it is encrypted', warn: false };
  }
  const expiry = link.certificate_expires_at;
  if (expiry === null) return { text: 'TLS, without a client certificate', warn: false };
  const certificate = expiry > now_s ? `client certificate valid until ${day(expiry)}` : `client certificate expired on ${day(expiry)}`;
  return { text: `TLS, ${certificate}`, warn: expiry < now_s + CERTIFICATE_WARN_S };
}

export function reachLabel(
  backend: BackendAnswer,
  linked: boolean,
): { word: string; tone: 'good' | 'bad' | 'calm' } {
  if (!linked) return { word: 'last known', tone: 'calm' };
  if (backend.reachable === null) return { word: 'not checked yet', tone: 'calm' };
  return backend.reachable ? { word: 'responding', tone: 'good' } : { word: 'not responding', tone: 'bad' };
}

/** What an engine is and can run: its version, its kinds of work, and how many models it has. */
export function backendLine({ engine_version, workloads, models }: BackendAnswer): string {
  return [engine_version, workloads.map(({ title }) => title).join(', '), models.length > 0 ? plural(models.length, 'model') : ''].filter(Boolean).join(' · ');
}

/** When an engine that nobody uses is stopped; empty for never. */
export function idleLabel(backend: BackendAnswer, now_s: number): string {
  if (!backend.stops_at) return '';
  return backend.stops_at > now_s + 5 ? `stops ${ago(backend.stops_at, now_s)} unless used` : 'idle, stopping';
}

/** Whether an agent that runs here is one of this central's machines: it may serve another one. */
export function joinLabel(machineId: string, machines: readonly FleetMachine[]): string {
  const machine = machines.find((machine) => machine.machine_id === machineId);
  if (!machine) return 'has not joined this central';
  return machine.condition === 'offline' ? 'joined this central, now offline' : 'joined this central';
}

/** What a refused service call means, and what to do. */
export function refusalLabel(status: number): string | null {
  if (status === 401) {
    return 'This central requires no login (--insecure), so starting and stopping services needs the service token. Enter the value of SERVICE_CONTROL_TOKEN from central’s environment. If it is not set, set it and restart central.';
  }
  return null;
}

export const ROLE_LABELS: Record<TokenRole, string> = { agent: 'Agent', operator: 'Operator', watcher: 'Watcher' };

/** The roles whose tokens central accepts: one that asks nobody has agents only. */
export function usableRoles(said: Pick<SessionAnswer, 'asks' | 'watch'> | null): TokenRole[] {
  if (!said?.asks) return ['agent'];
  return said.watch === 'token' ? ['agent', 'operator', 'watcher'] : ['agent', 'operator'];
}

/** `Agent, for left only`: who shows a token. */
export function tokenLabel({ role, machine_id, origin }: Pick<TokenEntry, 'role' | 'machine_id' | 'origin'>): string {
  const from = { configuration: 'from the configuration', first_start: 'from the first start', named: '' }[origin];
  return [ROLE_LABELS[role], machine_id === null ? '' : `for ${machine_id} only`, from].filter(Boolean).join(', ');
}
