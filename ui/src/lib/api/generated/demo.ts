// Written by `make docs` from benchrace/api; do not edit.

/** The run of the demo, and its machines. */
export interface DemoAnswer {
  run_id: string;
  machine_ids: string[];
}

/** How many simulated machines race. */
export interface DemoRequest {
  machines?: number;
}
