/** Who leads while a race is on: an estimate for the head, until central has the result. */

import type { MetricDeclaration, RunDocument } from '../api/documents';
import { percent, ratio } from '../format/comparison';
import { plural, prose, TIMES_NS } from '../format/quantity';
import { BLANK, type Head } from '../result/head';
import type { StandingPlace } from '../events/types';
import type { Race } from './state';

/** Below this a ratio is read as a percentage. */
const RATIO = 1.5;

export interface Lead {
  lane_id: string;
  /** How many times better than the second, 1 or more. */
  factor: number | null;
  value: number;
  second: number | null;
  /** The lane that is the second here. */
  rival: string | null;
  /** Whether a later lane, which is then the second here, may be as good as the first. */
  tied: boolean;
  /** Counted rounds of the one with fewer of them, and how many are planned. */
  rounds: number;
  planned: number;
}

type Declared = Pick<MetricDeclaration, 'better' | 'unit'>;

export function declaredMetric(run: Pick<RunDocument, 'workloads'>, metric: string | undefined): MetricDeclaration | undefined {
  return Object.values(run.workloads)
    .flatMap((workload) => workload.metrics)
    .find((candidate) => candidate.name === metric);
}

/** The lane that is ahead in the standing, against the next one; null while no round counts. */
export function leadOf(race: Race, declared: Declared | undefined): Lead | null {
  const ranked = (race.standing?.places ?? [])
    .filter((place) => place.place !== null && place.value !== null)
    .sort((one, other) => (one.place ?? 0) - (other.place ?? 0));
  const [first, ...later] = ranked;
  if (first === undefined || first.value === null || declared === undefined) return null;
  const level = later.find((place) => mayBeAsGood(place, first));
  const second = level ?? later[0];
  const lanes = [first, second].flatMap((place) => (place ? (race.lanes[place.lane_id] ?? []) : []));
  return {
    lane_id: first.lane_id,
    value: first.value,
    second: second?.value ?? null,
    rival: second?.lane_id ?? null,
    factor: second?.value == null ? null : factorOf(first.value, second.value, declared.better),
    tied: level !== undefined,
    rounds: Math.min(...lanes.map((lane) => lane.counted)),
    planned: Math.max(...lanes.map((lane) => lane.planned)),
  };
}

/** Whether the interval of the difference reaches zero, by the intervals of the two: about what central's test says. */
function mayBeAsGood(other: StandingPlace, first: StandingPlace): boolean {
  if (other.place === first.place) return true;
  if (other.value === null || first.value === null) return false;
  const [half, halfOfFirst] = [halfOf(other), halfOf(first)];
  return half !== null && halfOfFirst !== null && Math.abs(first.value - other.value) <= Math.hypot(half, halfOfFirst);
}

function halfOf({ low, high }: StandingPlace): number | null {
  return low == null || high == null ? null : (high - low) / 2;
}

/** `1.9x`, below one and a half `12 %`. */
export function marginText(factor: number): string {
  return factor < RATIO ? percent(factor - 1) : ratio(factor);
}

/** How far a value is behind the best: `48 %` less, beyond half of it `2.6x`; empty for the best itself. */
export function gapText(value: number | null | undefined, best: number | null, better: Declared['better']): string {
  if (value == null || best === null) return '';
  const factor = factorOf(best, value, better);
  if (factor === null || factor <= 1) return '';
  return factor < 2 ? percent(1 - 1 / factor) : marginText(factor);
}

function factorOf(first: number, second: number, better: Declared['better']): number | null {
  const [high, low] = better === 'higher' ? [first, second] : [second, first];
  return low > 0 ? Math.max(1, high / low) : null;
}

/** The head of a race that is on, or that ended without a result. */
export function liveHead(run: RunDocument, race: Race, over: boolean): Head {
  if (over) return { ...BLANK, rest: run.state === 'done' ? 'No result' : ENDED[run.state] ?? 'No result', detail: reasonOf(run) };
  if (run.state === 'queued' && race.phase === 'waiting') {
    return { ...BLANK, rest: 'Queued', detail: run.queue_position ? `Position ${run.queue_position} in the queue` : '' };
  }
  const declared = declaredMetric(run, race.standing?.metric);
  const lead = leadOf(race, declared);
  if (lead === null || declared === undefined) return { ...BLANK, ...before(run, race) };
  const label = race.lanes[lead.lane_id]?.label ?? lead.lane_id;
  const early = lead.rounds < lead.planned ? `early: ${lead.rounds} of ${plural(lead.planned, 'round')}` : plural(lead.rounds, 'round');
  if (lead.second === null || lead.factor === null) {
    const rest = run.lanes.length === 1 ? '' : 'leads';
    return { ...BLANK, lane_id: lead.lane_id, name: label, rest, interval: early, detail: amounts(declared, lead.value) };
  }
  const against = amounts(declared, lead.value, lead.second);
  // It may not be the next one in the rows: one with few rounds further down may be as good.
  const rival = race.lanes[lead.rival ?? '']?.label ?? lead.rival ?? '';
  if (lead.tied) return { ...BLANK, rest: 'Too close to call', interval: early, detail: `${label} is ahead of ${rival} by ${marginText(lead.factor)}: ${against}` };
  return { lane_id: lead.lane_id, name: label, rest: 'leads', margin: marginText(lead.factor), unit: '', interval: early, detail: against };
}

/** Values as the result will say them: `172 against 77 tokens per second while decoding`. */
function amounts({ unit, phrase, title }: Pick<MetricDeclaration, 'unit' | 'phrase' | 'title'>, ...values: number[]): string {
  const timed = TIMES_NS.has(unit);
  const texts = values.map((value) => prose(value, timed ? unit : '')).join(' against ');
  if (phrase) return `${texts} ${phrase}`;
  return `${title}: ${texts} ${timed ? '' : unit}`.trimEnd();
}

const ENDED: Partial<Record<RunDocument['state'], string>> = {
  failed: 'Failed',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
};

function reasonOf(run: RunDocument): string {
  // What is wrong with its fields is below.
  if (run.failure && run.failure.fields.length > 0 && run.started_at === null) return 'The race could not start.';
  const reason = run.failure?.message ?? run.winner_reason ?? '';
  return reason === '' ? '' : `${reason.charAt(0).toUpperCase()}${reason.slice(1)}${/[.!?]$/.test(reason) ? '' : '.'}`;
}

function before(run: RunDocument, race: Race): Pick<Head, 'rest' | 'detail'> {
  const lanes = Object.values(race.lanes);
  const detail = `${plural(run.lanes.length, 'lane')}, ${plural(run.rounds, 'round')} each`;
  if (lanes.some((lane) => lane.state === 'running' || lane.rounds.some((round) => !round.warmup))) return { rest: 'Running', detail };
  return { rest: lanes.some((lane) => lane.state === 'warming' || lane.rounds.length > 0) ? 'Warming up' : 'Getting ready', detail };
}
