// Written by `make docs` from benchrace/api; do not edit.

import type { MachineState } from './machine';

/** An invitation that was not used yet; the times are wall seconds. */
export interface InvitationEntry {
  invitation_id: string;
  label: string | null;
  created_at: number;
  expires_at: number;
}

export interface InvitationList {
  invitations: InvitationEntry[];
}

/** `label` is what the list and the machine's token show, null for the machine's own name. */
export interface InvitationRequest {
  label?: string | null;
}

/**
 * A token with which this machine alone may link. `clock_ahead_s` is the machine's clock minus central's,
 * including the time on the network.
 */
export interface JoinAnswer {
  token: string;
  machine_id: string;
  version: string;
  protocol: string;
  wall_s: number;
  clock_ahead_s: number;
}

/** A machine that wants to join: `host_id` identifies its computer, `wall_s` is its clock. */
export interface JoinRequest {
  code: string;
  machine_id: string;
  host_id: string;
  label: string;
  version: string;
  protocol: string;
  wall_s: number;
}

/** `revoked` is false for a token that belongs to no machine alone, which stays valid. */
export interface LeaveAnswer {
  revoked: boolean;
}

/**
 * A code, shown this once, that lets one machine join within `life_s` seconds. `host` is what central listens
 * on, `hosts` the names that it answers to. `pin` is the SHA-256 of its CA: `benchrace agent join URL CODE.PIN`
 * trusts that CA alone. It is null without TLS, and where central's certificate has no CA of its own with it.
 * `client_certificates` says whether central requires them.
 */
export interface NewInvitation {
  code: string;
  life_s: number;
  host: string;
  hosts: string[];
  pin: string | null;
  client_certificates: boolean;
  entry: InvitationEntry;
}

/** The machine of an agent token as central sees it; null before its first link. */
export interface OwnMachine {
  machine_id: string;
  state: MachineState | null;
  reason: string | null;
}
