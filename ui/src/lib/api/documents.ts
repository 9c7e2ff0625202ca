/** What central answers, under the names that the page has for it. Everything in it may be foreign text. */

import type * as generated from './generated';

export type {
  Agreement,
  ArtifactAnswer as Artifact,
  ArtifactList as RunFiles,
  BackendAnswer,
  Confidence,
  DemoAnswer,
  DocumentLane,
  KindAnswer,
  Knee,
  LaneResult,
  LaneSpecInput as LaneSpec,
  LeftOut,
  MachineAnswer as Machine,
  MachineState,
  Metric as MetricDeclaration,
  MetricSummary,
  Model,
  PlanAnswer as Plan,
  Problem,
  Result,
  RoundSummary,
  RunAnswer as RunDocument,
  RunRow,
  RunSpecInput as RunSpec,
  RunState,
  StatusAnswer as Status,
  WorkloadDescription as Workload,
} from './generated';

/** What people may ask an engine to do; a model writes only where a prompt is wanted, and central has machines lent. */
export type Operation = Exclude<generated.Operation, 'write' | 'lend'>;

/** A kind of work with the descriptions that its offers name. */
export interface Kind extends Omit<generated.KindAnswer, 'offers'> {
  offers: (Omit<generated.Offer, 'workload'> & { workload: generated.WorkloadDescription })[];
}

/** Only a run that is over stays as it is. */
export function isOver(state: generated.RunState): boolean {
  return state !== 'queued' && state !== 'running';
}

export type Params = Record<string, unknown>;
