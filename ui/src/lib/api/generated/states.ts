// Written by `make docs` from benchrace/api; do not edit.

export type RunState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
