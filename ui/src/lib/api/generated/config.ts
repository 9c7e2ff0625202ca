// Written by `make docs` from benchrace/api; do not edit.

/** Models by what they are for, named as their engines name them. */
export interface Group {
  llm: string[];
  whisper: string[];
  sdxl_profiles: string[];
}

/** Models by what they are for, named as their engines name them. */
export interface GroupInput {
  llm?: string[];
  whisper?: string[];
  sdxl_profiles?: string[];
}

export interface ModelPolicy {
  required?: GroupInput;
  optional?: GroupInput;
}

export type Watching = 'nobody' | 'token' | 'everybody';
