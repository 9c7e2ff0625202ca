/** The calls that administration makes: machines, services, logs. */

import type {
  CapabilitiesAnswer,
  LoadAnswer,
  LoadList,
  LogFile,
  LogTail,
  MachineCeilings,
  MachineHistory,
  MachineList,
  MachineSettingsAnswer,
  MachineSettingsChange,
  ServiceStatus,
} from './generated';

export type {
  CapabilitiesAnswer as Told,
  Environment,
  LoadAnswer as Load,
  LogFile,
  LogTail,
  LinkSecurity,
  CeilingAnswer,
  EngineEfficiency,
  MachineAnswer as FleetMachine,
  MachineCeilings,
  MachineHistory,
  MachinePeriod,
  MachineList as Machines,
  MachineSettingsAnswer,
  NearbyAgent,
  PluginAnswer as Plugin,
  RejectedAgent as RefusedAgent,
  SettingDescription,
  ServiceStatus as Service,
} from './generated';

import { get, patch, post, remove, send } from './client';

export type Component = 'agent' | 'central';

export function fleet(signal?: AbortSignal): Promise<MachineList> {
  return get<MachineList>('/api/machines', signal);
}

export async function loads(): Promise<LoadAnswer[]> {
  return (await get<LoadList>('/api/machines/load')).machines;
}

const settingsAddress = (machineId: string) => `/api/machines/${encodeURIComponent(machineId)}/settings`;

export function machineSettings(machineId: string): Promise<MachineSettingsAnswer> {
  return get<MachineSettingsAnswer>(settingsAddress(machineId));
}

/** Replace the settings of a version; central refuses one that is out of date. */
export async function changeSettings(machineId: string, change: MachineSettingsChange): Promise<MachineSettingsAnswer> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await send(settingsAddress(machineId), { method: 'PUT', headers, body: JSON.stringify(change) });
  return (await answer.json()) as MachineSettingsAnswer;
}

/** How a machine changed over its runs; one that was forgotten has them as well. */
export function machineHistory(machineId: string): Promise<MachineHistory> {
  return get<MachineHistory>(`/api/machines/${encodeURIComponent(machineId)}/history`);
}

/** What limits a machine, as its runs measured it. */
export function machineCeilings(machineId: string): Promise<MachineCeilings> {
  return get<MachineCeilings>(`/api/machines/${encodeURIComponent(machineId)}/ceilings`);
}

export async function told(signal?: AbortSignal): Promise<CapabilitiesAnswer[]> {
  return (await get<{ machines: CapabilitiesAnswer[] }>('/api/capabilities', signal)).machines;
}

export function exclude(machineId: string, excluded: boolean): Promise<unknown> {
  return patch(`/api/machines/${encodeURIComponent(machineId)}`, { excluded });
}

/** Forget a machine that is not linked; runs keep what was measured on it. */
export function forget(machineId: string): Promise<unknown> {
  return remove(`/api/machines/${encodeURIComponent(machineId)}`);
}

export async function logs(signal?: AbortSignal): Promise<LogFile[]> {
  return (await get<{ logs: LogFile[] }>('/api/logs', signal)).logs;
}

export function log(name: string, lines: number, q: string, signal?: AbortSignal): Promise<LogTail> {
  const query = new URLSearchParams({ lines: String(lines), q });
  return get<LogTail>(`/api/logs/${encodeURIComponent(name)}?${query.toString()}`, signal);
}

/** Central, and the agents of its data folder: this machine's own first. */
export async function services(signal?: AbortSignal): Promise<ServiceStatus[]> {
  return (await get<{ services: ServiceStatus[] }>('/api/services', signal)).services;
}

/** Start or stop a service; the token is for a central that others reach and that asks nobody. */
export async function control(service: ServiceStatus, action: 'start' | 'stop', token: string): Promise<ServiceStatus> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const which = service.machine_id === null ? '' : `?${new URLSearchParams({ machine_id: service.machine_id }).toString()}`;
  const answer = await send(`/api/service/${service.component}/${action}${which}`, { method: 'POST', headers });
  return (await answer.json()) as ServiceStatus;
}

/** Start the agent of central's own computer; it joins this central. */
export function startAgent(): Promise<unknown> {
  return post('/api/service/agent/start', {});
}
