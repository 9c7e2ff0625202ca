// Written by `make docs` from benchrace/api; do not edit.

/** A wheel's file name, its size in bytes, and its SHA-256 in hex. */
export interface WheelEntry {
  name: string;
  size: number;
  sha256: string;
}

export interface WheelList {
  wheels: WheelEntry[];
}
