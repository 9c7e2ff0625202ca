/** What a race's states are called. */

import { isOver, type RunDocument, type RunState } from '../../lib/api/documents';
import type { Failure } from '../../lib/events/types';
import { ordinal } from '../../lib/format/place';
import { fileSize, plural } from '../../lib/format/quantity';
import { isInvalid, type LaneRace, type Race } from '../../lib/race/state';

export const STATE_LABELS: Record<RunState, string> = {
  queued: 'queued',
  running: 'running',
  done: 'finished',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
};

export const ORDER_LABELS: Record<string, string> = {
  contiguous: 'one lane after the other',
  abba: 'ABBA order',
  random: 'in random blocks',
};

/** The unit of the progress of waiting for an engine, between rounds. */
const WAITING = 's of waiting';
/** That of fetching files for the engine, before rounds. */
const FETCHING = 'B fetched';

/** How much of a file for the engine is here, while it is fetched; empty otherwise. */
function fetchingLabel({ progress }: LaneRace): string {
  if (progress?.unit !== FETCHING || progress.done === progress.total) return '';
  if (!progress.total) return `fetching files, ${fileSize(progress.done)}`;
  return `fetching files, ${Math.floor((100 * progress.done) / progress.total)} % of ${fileSize(progress.total)}`;
}

/** Lanes that take turns on one machine all finish, in an order that says nothing. `state` is the run's: who lost a machine cancelled nothing. */
export function laneLabel(lane: LaneRace, turns: boolean, state?: RunState): string {
  const { ran } = lane;
  switch (lane.state) {
    case 'waiting':
      return fetchingLabel(lane) || 'waiting';
    case 'warming':
      return 'warming up';
    case 'running':
      return `round ${ran + 1} of ${lane.planned}`;
    case 'resting':
      if (lane.progress?.unit === WAITING) return `waiting ${Math.round(lane.progress.done)} s for its engine`;
      if (fetchingLabel(lane)) return fetchingLabel(lane);
      return ran === 0 ? 'warmed up, next in turn' : `${ran} of ${lane.planned} rounds done`;
    case 'done':
      if (lane.rounds.some((round) => !round.warmup && isInvalid(round))) return partly(lane, ran);
      return turns || lane.finish === null ? 'finished' : `finished ${ordinal(lane.finish)}`;
    case 'failed':
      return 'failed';
    case 'cancelled':
      // Without an error of its own it is the run that ended.
      if (lane.error === null && lane.round === null && lane.rounds.length === 0) return 'did not start';
      return stopped(lane, state === 'failed' || state === 'interrupted' ? 'ended' : 'cancelled');
  }
}

function stopped({ ran, planned }: LaneRace, word: string): string {
  return ran === 0 ? word : `${word} after ${ran} of ${plural(planned, 'round')}`;
}

/** A lane that ended, and lost rounds on the way. */
function partly(lane: LaneRace, ran: number): string {
  const counted = lane.rounds.filter((round) => !round.warmup && !isInvalid(round)).length;
  return counted === 0 ? 'ended, no counted rounds' : `ended, ${counted} of ${ran} rounds counted`;
}

/** How many rounds each lane has; of a run that ended early, how many of them were run. */
export function roundsLabel(run: RunDocument): string {
  const ran = run.lanes.map((lane) => lane.counted + lane.discarded);
  const [least, most] = [Math.min(...ran), Math.max(...ran)];
  const cut = isOver(run.state) && run.state !== 'done' && least < run.rounds;
  if (cut) return most === 0 ? `none of ${plural(run.rounds, 'round')} run` : `${least === most ? least : `${least} to ${most}`} of ${plural(run.rounds, 'round')} run`;
  return `${plural(run.rounds, 'round')} each${run.warmup > 0 ? ` after ${plural(run.warmup, 'warm-up')}` : ''}`;
}

/** What a lane's row says that it failed of: that it was stopped is a state, and no reason. */
export function rowError(error: Failure | null | undefined): Failure | null {
  return error && error.category !== 'cancelled' ? error : null;
}

/** How many lanes failed of what the run failed of: one says so in its row, several leave it to the notice under the head. */
export function failedAlike({ failure, lanes }: Pick<RunDocument, 'failure' | 'lanes'>, race: Pick<Race, 'phase' | 'lanes'>): number {
  if (failure === null) return 0;
  // The document is there before the log is read.
  const errors = (race.phase === 'over' ? Object.values(race.lanes) : lanes).map(({ error }) => rowError(error));
  return errors.filter((error) => error?.message === failure.message).length;
}

/** Its name, or else what differs between its lanes. */
export function titleOf(run: RunDocument): string {
  return run.name ?? run.title;
}
