/** What a race's states are called. */

import type { RunDocument, RunState } from '../../lib/api/documents';
import { ordinal } from '../../lib/format/place';
import { isInvalid, type LaneRace } from '../../lib/race/state';

export const STATE_WORDS: Record<RunState, string> = {
  queued: 'waiting for its turn',
  running: 'running',
  done: 'finished',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
};

export const ORDER_WORDS: Record<string, string> = {
  contiguous: 'one lane after the other',
  abba: 'there and back (ABBA)',
  random: 'in random blocks',
};

/** Lanes that take turns on one machine all finish, in an order that says nothing. */
export function laneWords(lane: LaneRace, turns: boolean): string {
  const ran = lane.rounds.filter((round) => !round.warmup).length;
  switch (lane.state) {
    case 'waiting':
      return 'waiting';
    case 'warming':
      return 'warming up';
    case 'running':
      return `round ${ran + 1} of ${lane.planned}`;
    case 'resting':
      return ran === 0 ? 'warm, waiting for its turn' : `${ran} of ${lane.planned} rounds done`;
    case 'done':
      if (ran > 0 && lane.rounds.every((round) => round.warmup || isInvalid(round))) return 'ended, no round counts';
      return turns || lane.finish === null ? 'finished' : `finished, ${ordinal(lane.finish)} to end`;
    case 'failed':
      return 'failed';
    case 'cancelled':
      return ran === 0 ? 'cancelled' : `cancelled after ${ran} of ${lane.planned} rounds`;
  }
}

export function titleOf(run: RunDocument): string {
  const [workload] = Object.values(run.workloads);
  return run.name ?? workload?.title ?? run.kind;
}
