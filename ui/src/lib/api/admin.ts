/** The calls that administration makes: machines, services, logs. */

import { get, patch, send } from './client';
import type { BackendDescription, Capabilities, Machine, Problem } from './documents';

export interface Plugin {
  name: string;
  module: string;
  distribution: string | null;
  version: string | null;
  backends: BackendDescription[];
  kinds: string[];
  error: string | null;
  traceback: string | null;
}

export interface Environment {
  kind?: string | null;
  layers?: string[];
  problems?: Problem[];
  notes?: string[];
}

/** What an agent says of its machine. */
export interface Told extends Capabilities {
  fingerprint: string;
  plugins: Plugin[];
  environment: Environment;
}

export interface FleetMachine extends Machine {
  offset_ns: number | null;
  uncertainty_ns: number | null;
}

/** An agent that central sends away, as it tried during the last minute. */
export interface RefusedAgent {
  address: string;
  reason: string;
  remedy: string;
  times: number;
}

export interface Machines {
  machines: FleetMachine[];
  refused: RefusedAgent[];
}

export type Component = 'agent' | 'central';

export interface Service {
  component: Component;
  running: boolean;
  pid: number | null;
  info: Record<string, unknown>;
  /** Which agent it is; null for central. */
  machine_id: string | null;
}

export interface LogFile {
  name: string;
  size: number;
  changed_at: number;
}

export interface LogTail {
  lines: string[];
  size: number;
  cut: boolean;
}

export function fleet(signal?: AbortSignal): Promise<Machines> {
  return get<Machines>('/api/machines', signal);
}

export async function told(signal?: AbortSignal): Promise<Told[]> {
  return (await get<{ machines: Told[] }>('/api/capabilities', signal)).machines;
}

export function exclude(machineId: string, excluded: boolean): Promise<unknown> {
  return patch(`/api/machines/${encodeURIComponent(machineId)}`, { excluded });
}

export async function logs(signal?: AbortSignal): Promise<LogFile[]> {
  return (await get<{ logs: LogFile[] }>('/api/logs', signal)).logs;
}

export function log(name: string, lines: number, q: string, signal?: AbortSignal): Promise<LogTail> {
  const query = new URLSearchParams({ lines: String(lines), q });
  return get<LogTail>(`/api/logs/${encodeURIComponent(name)}?${query.toString()}`, signal);
}

/** Central, and the agents of its data folder: this machine's own first. */
export async function services(signal?: AbortSignal): Promise<Service[]> {
  return (await get<{ services: Service[] }>('/api/services', signal)).services;
}

/** Start or stop a service; the token is for a central that others reach and that asks nobody. */
export async function control(service: Service, action: 'start' | 'stop', token: string): Promise<Service> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const which = service.machine_id === null ? '' : `?${new URLSearchParams({ machine_id: service.machine_id }).toString()}`;
  const answer = await send(`/api/service/${service.component}/${action}${which}`, { method: 'POST', headers });
  return (await answer.json()) as Service;
}
