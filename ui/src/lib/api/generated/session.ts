// Written by `make docs` from benchrace/api; do not edit.

import type { Watching } from './config';

/** One of both: `token` is the operator's or the watchers', `code` one of a login link. */
export interface Login {
  token?: string | null;
  code?: string | null;
}

/**
 * `path` goes after central's address and logs one browser in, within `life_s` seconds. `host` is what central
 * listens on, `hosts` the names that it answers to.
 */
export interface LoginLink {
  path: string;
  life_s: number;
  host: string;
  hosts: string[];
}

/** `watch` asks for a link with which one may only watch. */
export interface LoginLinkRequest {
  watch?: boolean;
}

export type Right = 'operate' | 'watch' | 'link' | 'service';

/**
 * What this visitor may do: `operate`, `watch`, or null until a token was shown. `asks` says whether this
 * central asks for tokens, `watch` who may watch without the operator's. `expires_at` is the end of the session
 * in wall seconds, null for who has none.
 */
export interface SessionAnswer {
  asks: boolean;
  right: Right | null;
  watch: Watching;
  expires_at: number | null;
}
