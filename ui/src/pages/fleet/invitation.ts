/** What an invitation comes to: the line to paste, and how far the invited machine has got. */

import type { InvitationEntry, NewInvitation, TokenEntry } from '../../lib/api/access';
import type { FleetMachine } from '../../lib/api/admin';
import { isLocal } from '../../lib/api/local';

/** Opens an invitation for a machine, or for any; `button` is focused again once it is closed. */
export type Invite = (where: string | undefined, button: HTMLElement) => void;

const EVERY_ADDRESS = ['0.0.0.0', '::'];

export interface Line {
  command: string;
  /** Why other machines may not reach the address in the line. */
  warning: string;
}

/** `page` is the address that the page itself was opened at. */
export function joinLine(page: Pick<Location, 'protocol' | 'hostname' | 'port' | 'origin'>, { code, pin, host, hosts }: NewInvitation): Line {
  // With the pin, the machine trusts central's own CA.
  const command = (url: string) => `benchrace agent join ${url} ${pin === null ? code : `${code}.${pin}`}`;
  if (!isLocal(page.hostname)) return { command: command(page.origin), warning: '' };
  if (!EVERY_ADDRESS.includes(host)) {
    return { command: command(page.origin), warning: `Central listens on ${host}, which other machines cannot reach. Restart it with \`--host 0.0.0.0\`.` };
  }
  const name = hosts.find((candidate) => !isLocal(candidate));
  if (name !== undefined) return { command: command(`${page.protocol}//${name}${page.port ? `:${page.port}` : ''}`), warning: '' };
  return { command: command(page.origin), warning: `Replace \`${page.hostname}\` by the name or address of central’s computer in your network.` };
}

export type Progress =
  | { state: 'waiting' | 'expired' | 'cancelled' }
  | { state: 'joined'; machineId: string }
  | { state: 'connected'; machine: FleetMachine };

/** Central deletes an invitation that is used, and creates a token for the machine. */
export function progress(
  { invitation_id, created_at }: InvitationEntry,
  left_s: number,
  pending: readonly InvitationEntry[],
  tokens: readonly TokenEntry[],
  machines: readonly FleetMachine[],
): Progress {
  if (pending.some((entry) => entry.invitation_id === invitation_id)) return { state: left_s > 0 ? 'waiting' : 'expired' };
  const since = tokens.filter((token) => token.role === 'agent' && token.machine_id !== null && (token.created_at ?? 0) >= created_at);
  const newest = since.sort((one, other) => (other.created_at ?? 0) - (one.created_at ?? 0))[0];
  if (newest?.machine_id == null) return { state: left_s > 0 ? 'cancelled' : 'expired' };
  const machine = machines.find((known) => known.machine_id === newest.machine_id && known.connected_at !== null);
  return machine ? { state: 'connected', machine } : { state: 'joined', machineId: newest.machine_id };
}

/** `9:05` */
export function clock(left_s: number): string {
  const seconds = Math.max(0, Math.ceil(left_s));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
