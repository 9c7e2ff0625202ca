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

export type Component = 'agent' | 'central';

export interface Service {
  component: Component;
  running: boolean;
  pid: number | null;
  info: Record<string, unknown>;
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

export async function fleet(signal?: AbortSignal): Promise<FleetMachine[]> {
  return (await get<{ machines: FleetMachine[] }>('/api/machines', signal)).machines;
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

/** Ask how a service is, or start or stop it; the token is needed where others can reach central. */
export async function service(
  component: Component,
  action: 'status' | 'start' | 'stop',
  token: string,
): Promise<Service> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const method = action === 'status' ? 'GET' : 'POST';
  const answer = await send(`/api/service/${component}/${action}`, { method, headers });
  return (await answer.json()) as Service;
}
