// Written by `make docs` from benchrace/api; do not edit.

/** The first event to give, and for how many seconds to wait for it. */
export interface FollowQuery {
  since?: number;
  wait_s?: number;
}
