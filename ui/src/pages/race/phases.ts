/** What the rounds of a lane spent their time on, by the medians that central computed. */

import type { DocumentLane } from '../../lib/api/documents';

export interface Phase {
  name: string;
  title: string;
  ms: number;
}

export interface LanePhases {
  lane: DocumentLane;
  phases: Phase[];
  total_ms: number;
  /** Those without a time, with the reason that they share. */
  unknown: { titles: string[]; reason: string }[];
}

/** Of kinds of work: metrics in the order in which their phases run. */
export const IMAGE_PHASES = ['queue_ms', 'load_ms', 'encode_ms', 'sampling_ms', 'decode_ms', 'save_ms', 'fetch_ms'];
export const SPEECH_PHASES = ['decode_ms', 'load_ms', 'processing_ms'];

export function lanePhases(lane: DocumentLane, names: readonly string[]): LanePhases {
  const phases: Phase[] = [];
  const unknown = new Map<string, string[]>();
  for (const name of names) {
    const metric = lane.summary[name];
    if (!metric) continue;
    const ms = metric.median ?? metric.value;
    if (ms !== null) phases.push({ name, title: metric.title, ms });
    else {
      const reason = metric.reason ?? 'not reported';
      unknown.set(reason, [...(unknown.get(reason) ?? []), metric.title]);
    }
  }
  const total_ms = phases.reduce((sum, phase) => sum + phase.ms, 0);
  return { lane, phases, total_ms, unknown: [...unknown].map(([reason, titles]) => ({ titles, reason })) };
}
