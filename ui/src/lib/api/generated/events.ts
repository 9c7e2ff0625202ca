// Written by `make docs` from benchrace/api; do not edit.

export type Level = 'VALID' | 'SUSPECT' | 'INVALID';

/**
 * One number. `value` is null where it was not measured, and then `reason` says why. A ratio keeps its
 * `numerator` and `denominator`, so that rounds combine as sum/sum. Where `value` is an estimate, the true one
 * lies between `low` and `high`, and `unknown` says what is not known; all three are null for an exact number.
 * `parts` are numerator and denominator of each part of a ratio whose interval is over parts, equal and in one
 * order in all rounds of a lane; `grouped` says that there are many, and each of these adds up several.
 */
export interface Measured {
  metric: string;
  value: number | null;
  numerator: number | null;
  denominator: number | null;
  reason: string | null;
  low: number | null;
  high: number | null;
  unknown: Reason | null;
  parts: ([number, number])[];
  grouped: boolean;
}

/** Why a result is less than valid: a code for machines, a sentence for people. */
export interface Reason {
  code: string;
  text: string;
}

export interface StandingPayload {
  metric: string;
  places: StandingPlace[];
}

/** A lane's place (1 is best; ties share one), null while it has no counted round. */
export interface StandingPlace {
  lane_id: string;
  place: number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  marked: boolean;
}
