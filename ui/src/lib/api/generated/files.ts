// Written by `make docs` from benchrace/api; do not edit.

import type { AssetKind } from './plugin';

/** How many bytes central has of a file; `complete` once they are checked. */
export interface AssetArrived {
  arrived: number;
  complete: boolean;
}

/** A file that central has; agents fetch it by its digest. `added_at` is wall time. */
export interface AssetEntry {
  sha256: string;
  size: number;
  name: string;
  kind: AssetKind;
  added_at: number;
}

export interface AssetList {
  assets: AssetEntry[];
}

/** Bytes from `offset` on, in base64, 512 KiB at most. */
export interface AssetPart {
  offset: number;
  data: string;
}

/** A file to send to central; `size` in bytes. */
export interface AssetUpload {
  sha256: string;
  size: number;
  name: string;
  kind?: AssetKind;
}
