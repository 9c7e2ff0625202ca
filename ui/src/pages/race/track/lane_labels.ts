/** What stands in a lane's row, in words. */

import type { LaneResult, RunDocument } from '../../../lib/api/documents';
import { count, durationNs, plural, quantity, running } from '../../../lib/format/quantity';
import type { Scale } from '../../../lib/format/scale';
import type { Split } from '../../../lib/race/ghost';
import { occupied } from '../../../lib/race/machines';
import type { LaneRace } from '../../../lib/race/state';
import { latestRate } from '../../../lib/race/trace';
import type { LaneView } from '../../../lib/race/view';
import { laneLabel } from '../labels';

/** What a lane does; after the end only where it is not what one expects. */
export function statusLabel({ lane, elapsed_ms, silent_ms }: LaneView, turns: boolean, over: boolean, state?: RunDocument['state']): string {
  if (silent_ms !== null) return `no news for ${Math.floor(silent_ms / 1000)} s`;
  const label = laneLabel(lane, turns, state);
  if (over) return lane.state === 'done' && label.startsWith('finished') ? plural(lane.counted, 'round') : label;
  return elapsed_ms === null ? label : `${label} · ${running(elapsed_ms)}`;
}

/** Where a lane runs, unless that is the same for all or in its label, and what shared its computer. */
export function machineLabel(run: RunDocument, lane: LaneRace, machines: number, beside: readonly string[]): string {
  const name = (id: string) => run.machines[id]?.label ?? id;
  const stored = run.lanes.find((each) => each.lane_id === lane.lane_id);
  const own = occupied(stored ?? lane).map(name).join(' + ');
  const named = lane.label.split(' · ').some((part) => part === own || part === `over ${own}`);
  const where = machines > 1 && !named ? own : '';
  const shared = beside.length === 0 ? '' : `same computer as ${beside.map(name).join(', ')}`;
  return [where, shared].filter(Boolean).join(' · ');
}

/** How far the round is that runs, in its own unit, and how fast: for the eye, not measured. */
export function amountLabel({ lane, running: on }: LaneView, run: RunDocument): string {
  if (!on) return '';
  if (lane.progress) {
    const total = lane.progress.total ? ` of ${count(lane.progress.total)}` : '';
    const amount = `${count(lane.progress.done)}${total} ${lane.progress.unit}`;
    return lane.progress.phase ? `${lane.progress.phase}, ${amount}` : amount;
  }
  if (lane.characters + lane.thought.characters === 0) return lane.prefill ? 'reading the prompt' : '';
  const rate = latestRate(lane.trace);
  const pace = rate === null ? '' : ` · ${quantity(rate, '1/s')}`;
  if (lane.tokens === null) return `${plural(lane.characters + lane.thought.characters, 'character')}${pace}`;
  const first = firstOutput(lane, run);
  return `${count(lane.tokens)}${lane.max_tokens === null ? '' : ` of ${count(lane.max_tokens)}`} tokens${pace}${first}`;
}

function firstOutput(lane: LaneRace, run: RunDocument): string {
  if (lane.first_ns === null || lane.started_ns === null || run.workloads[lane.backend]?.drawing !== 'text') return '';
  return ` · first after ${durationNs(lane.first_ns - lane.started_ns)}`;
}

/** `−0.21 s on small-f16`; ahead is less than nothing, as in skiing. */
export function splitLabel(split: Split | null): string {
  if (split === null) return '';
  return `${split.ms < 0 ? '−' : '+'}${durationNs(Math.abs(split.ms) * 1e6)} on ${split.label}`;
}

/** The interval of a bar, in the unit of the value beside it. */
export function intervalLabel(lane: LaneResult | null, scale: Scale): string {
  if (lane?.ci95 == null || lane.ci95[0] === lane.ci95[1]) return '';
  return `95 % interval: ${scale.interval([Math.max(0, lane.ci95[0]), lane.ci95[1]])}`;
}
