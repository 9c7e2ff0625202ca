/** A race of images, and its log. */

import type { Artifact, RoundSummary } from '../../src/lib/api/documents';
import { documentOf, Log } from '../log';

export function round(number: number, warmup = false): RoundSummary {
  return { round: number, warmup, heat: null, verdict: 'VALID', reasons: [], measured: [{ metric: 'image_s', value: 1.5 }], elapsed_ns: 1, error: null } as unknown as RoundSummary;
}

export function file(lane_id: string, round: number, more: Partial<Artifact> = {}): Artifact {
  const sha256 = `${lane_id}${round}`.padEnd(64, '0');
  return { name: `${lane_id}.png`, media_type: 'image/png', size: 9, sha256, job_id: 'job1', machine_id: 'm1', lane_id, round, state: 'stored', reason: null, image: 'image/png', audio: null, ...more };
}

export function imageRun(artifacts: Artifact[]) {
  const run = documentOf(['a', 'b'], { state: 'done', kind: 'txt2img', artifacts });
  run.workloads = { compute: { drawing: 'image', metrics: [] } as unknown as (typeof run.workloads)[string] };
  run.lanes.forEach((lane) => (lane.rounds = [round(0, true), round(1)]));
  return run;
}

export function seeds(a: number, b: number): Log {
  const log = new Log();
  for (const [lane, seed] of [['a', a], ['b', b]] as const) {
    log.add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane, round: 1 });
    log.add('round_done', { warmup: false, heat: null, elapsed_ns: 1e9, measured: [], verdict: { level: 'VALID', reasons: [] }, record: { seed } }, { lane, round: 1 });
  }
  return log;
}
