/** In which unit the rate of a running round is drawn: that of the ranking metric where the log says enough. */

import type { MetricDeclaration, RunDocument } from '../api/documents';
import { totalOf } from './lane';
import { declaredMetric } from './leader';
import type { Ghost, LaneRace, Race } from './state';

export interface LiveRate {
  /** Of the rate: `primes/s`. */
  unit: string;
  /** What it is, and why it is not in the unit of the metric where it is not. */
  about: string;
  /** What one unit of a lane's trace is worth; null where it cannot be drawn with the others. */
  factor: (lane: LaneRace) => number | null;
}

/** Fewer points than these make no curve. */
export const FEWEST = 6;

/** The round that is drawn of a lane: the one that runs; until that makes a curve, the last one. */
export function shownRound(lane: LaneRace): Pick<Ghost, 'trace' | 'traced' | 'total'> {
  const { trace, traced, ghost } = lane;
  const early = lane.started_ns === null || trace.points.length < FEWEST;
  return early && ghost !== null ? ghost : { trace, traced, total: totalOf(lane) };
}

const ESTIMATE = 'live estimate, not a result';

export function liveRate(run: RunDocument, race: Race): LiveRate {
  const lanes = Object.values(race.lanes).filter((lane) => shownRound(lane).trace.points.length > 1);
  const metric = declaredMetric(run, race.standing?.metric) ?? Object.values(run.workloads)[0]?.metrics.find((metric) => metric.headline);
  if (lanes.length === 0) return { unit: '', about: 'Live estimate, not a result', factor: () => null };
  if (lanes.some((lane) => shownRound(lane).traced !== 'progress')) return ofText(lanes);
  const rated = metric?.unit.endsWith('/s') ? metric : null;
  const amounts = new Map(lanes.map((lane) => [lane, rated && amountOf(run, race, lane, rated)]));
  if (rated && lanes.every((lane) => shownRound(lane).total && amounts.get(lane))) {
    return {
      unit: rated.unit,
      about: `${rated.unit} during a round, by the share that is done and what a whole round came to · ${ESTIMATE}`,
      factor: (lane) => parts(amounts.get(lane), lane),
    };
  }
  if (lanes.every((lane) => shownRound(lane).total)) {
    return { unit: '% of a round/s', about: `Share of a round done per second: ${reason(metric)} · ${ESTIMATE}`, factor: (lane) => parts(100, lane) };
  }
  const unit = lanes.find((lane) => lane.progress)?.progress?.unit ?? 'steps';
  return { unit: `${unit}/s`, about: `${unit} per second, as each lane counts them: no total is reported · ${ESTIMATE}`, factor: () => 1 };
}

/** Why the rate is not in the unit of the metric. */
function reason(metric: MetricDeclaration | undefined): string {
  if (metric === undefined) return 'no metric ranks the lanes';
  if (!metric.unit.endsWith('/s')) return `${metric.title} is not a rate`;
  return `${metric.unit} need a finished round of the same work`;
}

/** Tokens where lanes report them; characters do not compare with them. */
function ofText(lanes: readonly LaneRace[]): LiveRate {
  const tokens = lanes.some((lane) => shownRound(lane).traced === 'tokens');
  const unit = tokens ? 'tokens' : 'characters';
  const without = tokens ? 'lanes without token counts are left out' : 'no lane reports tokens while it writes';
  const all = tokens && lanes.every((lane) => shownRound(lane).traced === 'tokens');
  return {
    unit: `${unit}/s`,
    about: `${unit} per second during a round${all ? '' : `: ${without}`} · ${ESTIMATE}`,
    factor: (lane) => (shownRound(lane).traced === unit ? 1 : null),
  };
}

function parts(amount: number | null | undefined, lane: LaneRace): number | null {
  const { total } = shownRound(lane);
  return amount && total ? amount / total : null;
}

/** What a round of the metric comes to, by the lane's last one or by that of another lane with the same work. */
function amountOf(run: RunDocument, race: Race, own: LaneRace, metric: MetricDeclaration): number | null {
  const work = workOf(run, own);
  const others = Object.values(race.lanes).filter((lane) => lane !== own && work !== null && workOf(run, lane) === work);
  for (const lane of [own, ...others]) {
    const amount = lane.measured.find((measured) => measured.metric === metric.name)?.numerator;
    if (amount && amount > 0) return amount;
  }
  return null;
}

/** The parameters that set how much a round has to do, as one text; null where the workload names none. */
function workOf(run: RunDocument, { lane_id, backend }: LaneRace): string | null {
  const names = run.workloads[backend]?.work ?? [];
  const params = run.lanes.find((lane) => lane.lane_id === lane_id)?.params ?? {};
  return names.length === 0 ? null : JSON.stringify([backend, ...names.map((name) => params[name])]);
}
