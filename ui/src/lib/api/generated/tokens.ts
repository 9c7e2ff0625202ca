// Written by `make docs` from benchrace/api; do not edit.

/** A token, shown this once: central keeps its SHA-256 only. */
export interface NewToken {
  token: string;
  entry: TokenEntry;
}

/**
 * A token without its secret. `created_at` and `used_at` are wall seconds; null for a configured token, whose
 * age central does not know, and for a token that was never used. `used_at` survives a restart to within a
 * minute. `machine_id` is the only machine that may link with it, null for any. `note` says why it cannot be
 * rotated or revoked here, or why it is not accepted now.
 */
export interface TokenEntry {
  token_id: string;
  role: TokenRole;
  name: string;
  origin: TokenOrigin;
  created_at: number | null;
  used_at: number | null;
  machine_id: string | null;
  rotatable: boolean;
  revocable: boolean;
  note: string | null;
}

export interface TokenList {
  tokens: TokenEntry[];
}

export type TokenOrigin = 'first_start' | 'configuration' | 'named';

/** `machine_id` limits an agent token to one machine; it replaces that machine's earlier one. */
export interface TokenRequest {
  role: TokenRole;
  name: string;
  machine_id?: string | null;
}

export type TokenRole = 'agent' | 'operator' | 'watcher';
