/** How work scales over threads: lanes that differ in nothing else, beside the ideal. */

import type { DocumentLane, RunDocument } from '../api/documents';

export interface ScalingPoint {
  lane_id: string;
  threads: number;
  /** How many times the value of the fewest threads, and its 95 % interval. */
  speedup: number;
  interval: readonly [number, number] | null;
}

export interface Scaling {
  machine_id: string;
  /** What else the lanes have in common, where a run has several such groups. */
  name: string;
  /** By threads, the fewest first; its speed-up is 1. */
  points: ScalingPoint[];
}

/** One for each group of lanes of a machine that differ in `threads` alone. */
export function scalingOf(run: RunDocument): Scaling[] {
  const groups = new Map<string, DocumentLane[]>();
  for (const lane of run.lanes) {
    if (typeof lane.params.threads !== 'number') continue;
    const { threads: _, ...other } = lane.params;
    const key = JSON.stringify([lane.machine_id, lane.backend, other]);
    groups.set(key, [...(groups.get(key) ?? []), lane]);
  }
  return [...groups.values()].flatMap((lanes) => scaling(run, lanes) ?? []);
}

function scaling(run: RunDocument, lanes: DocumentLane[]): Scaling | null {
  const { result } = run;
  const [first] = lanes;
  if (!result || first === undefined) return null;
  const measured = lanes
    .flatMap((lane) => {
      const own = result.lanes.find(({ lane_id }) => lane_id === lane.lane_id);
      const threads = threadsOf(run, lane);
      return own?.value && threads ? [{ lane_id: lane.lane_id, threads, value: own.value, ci95: own.ci95 }] : [];
    })
    .sort((one, other) => one.threads - other.threads);
  const [base] = measured;
  if (base === undefined || new Set(measured.map(({ threads }) => threads)).size < 2) return null;
  const speedup = (value: number) => (result.better === 'lower' ? base.value / value : value / base.value);
  return {
    machine_id: first.machine_id,
    name: String(first.params.algorithm ?? first.params.format ?? first.params.precision ?? ''),
    points: measured.map(({ lane_id, threads, value, ci95 }) => {
      const ends = ci95?.map(speedup);
      return { lane_id, threads, speedup: speedup(value), interval: ends ? [Math.min(...ends), Math.max(...ends)] : null };
    }),
  };
}

/** 0 is all that the machine's processes may use. */
function threadsOf(run: RunDocument, lane: DocumentLane): number | null {
  const wanted = lane.params.threads as number;
  if (wanted > 0) return wanted;
  const machine = run.machines[lane.machine_id] as { hardware?: { cpu?: { usable_threads?: number | null } } } | undefined;
  return machine?.hardware?.cpu?.usable_threads ?? null;
}

/** As CSV, one line for each point. */
export function scalingCsv(scalings: readonly Scaling[]): string {
  const lines = scalings.flatMap(({ machine_id, name, points }) =>
    points.map(({ threads, speedup, interval }) =>
      [machine_id, name, threads, speedup, interval?.[0] ?? '', interval?.[1] ?? '', threads / (points[0]?.threads ?? 1)].join(','),
    ),
  );
  return ['machine,what,threads,speedup,low,high,ideal', ...lines].join('\n') + '\n';
}
