// Written by `make docs` from benchrace/api; do not edit.

/**
 * Whether a link is encrypted; `certificate_expires_at` is in wall seconds. It is null where central requires no
 * certificate. `local` says that the agent dialled from central's computer itself, and not through a proxy
 * there.
 */
export interface LinkSecurity {
  tls: boolean;
  local: boolean;
  certificate_expires_at: number | null;
}
