// Written by `make docs` from benchrace/api; do not edit.

export type Category = 'validation' | 'unreachable' | 'missing_model' | 'missing_asset' | 'empty_file' | 'broken_file' | 'silence' | 'wrong_language' | 'out_of_memory' | 'unsupported_hardware' | 'timeout_connect' | 'timeout_first' | 'timeout_idle' | 'stream_error' | 'ended_early' | 'bad_output' | 'plugin_error' | 'worker_died' | 'interrupted' | 'cancelled' | 'busy' | 'disk_full' | 'system';

/** A failure as data: travels in events and answers. */
export interface Failure {
  category: Category;
  message: string;
  remedy: string;
  fields: FieldError[];
  detail: string | null;
}

/**
 * One bad field, by its path: `lanes[1].params.n`. `machine_id` is the machine that objects to it, where another
 * one might not.
 */
export interface FieldError {
  path: string;
  message: string;
  machine_id?: string | null;
}
