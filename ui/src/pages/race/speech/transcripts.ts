/** The transcripts of a race, out of the artifacts of its rounds: everything in them is foreign. */

import type { Artifact, RunDocument } from '../../../lib/api/documents';

export const TRANSCRIPT = 'transcript.json';

export interface Segment {
  /** In s since the beginning of the recording. */
  start_s: number;
  end_s: number;
  text: string;
}

export type Op = 'equal' | 'substitute' | 'insert' | 'delete';

/** A stretch of words in which two texts agree or differ: `before` is that of the reference. */
export interface Edit {
  op: Op;
  before: string;
  after: string;
}

/** What a lane heard in one recording; `edits` are null without a reference. */
export interface Transcript {
  name: string;
  /** SHA-256 of the recording. */
  digest: string;
  text: string;
  segments: Segment[];
  language: string | null;
  edits: Edit[] | null;
}

const OPS: readonly unknown[] = ['equal', 'substitute', 'insert', 'delete'];

/** Read an artifact; null if it does not hold transcripts. */
export function readTranscripts(value: unknown): Transcript[] | null {
  if (!Array.isArray(value)) return null;
  return value.map((file: unknown) => {
    const fields = object(file);
    return {
      name: text(fields.name),
      digest: text(fields.digest),
      text: text(fields.text),
      segments: list(fields.segments).map(segment).filter((part) => part !== null),
      language: text(fields.language) || null,
      edits: Array.isArray(fields.edits) ? fields.edits.map(edit).filter((part) => part !== null) : null,
    };
  });
}

function segment(value: unknown): Segment | null {
  const { start_s, end_s, text: said } = object(value);
  return typeof start_s === 'number' && typeof end_s === 'number' ? { start_s, end_s, text: text(said) } : null;
}

function edit(value: unknown): Edit | null {
  const { op, reference, transcript } = object(value);
  return OPS.includes(op) ? { op: op as Op, before: text(reference), after: text(transcript) } : null;
}

export function isRecording(file: Artifact): boolean {
  return /^audio-\d+/.test(file.name);
}

/** The rounds of each lane that left a transcript, by the lane's id. */
export type TranscriptFiles = ReadonlyMap<string, ReadonlyMap<number, Artifact>>;

export function transcriptFiles(files: readonly Artifact[]): TranscriptFiles {
  const lanes = new Map<string, Map<number, Artifact>>();
  for (const file of files) {
    if (file.name !== TRANSCRIPT || file.lane_id === null || file.round === null) continue;
    const rounds = lanes.get(file.lane_id) ?? new Map<number, Artifact>();
    lanes.set(file.lane_id, rounds.set(file.round, file));
  }
  return lanes;
}

/** The rounds to choose from: only one where the rounds of each lane are all alike. */
export function transcriptRounds(files: TranscriptFiles): number[] {
  const rounds = new Set([...files.values()].flatMap((lane) => [...lane.keys()]));
  const alike = [...files.values()].every((lane) => new Set([...lane.values()].map((file) => file.sha256)).size < 2);
  const all = [...rounds].sort((one, other) => one - other);
  return alike ? all.slice(-1) : all;
}

/** A lane's transcripts of a round; where rounds are alike, those of its last one. */
export function fileOf(files: TranscriptFiles, lane_id: string, round: number | undefined, one: boolean): Artifact | null {
  const own = files.get(lane_id);
  return (one ? [...(own?.values() ?? [])].at(-1) : own?.get(round ?? -1)) ?? null;
}

/** Where a recording is; null where no lane kept it. */
export function recordingOf(run: RunDocument, files: readonly Artifact[], digest: string): Artifact | null {
  const own = files.filter((file) => file.sha256 === digest && isRecording(file) && run.lanes.some((lane) => lane.lane_id === file.lane_id));
  return own.find((file) => file.audio !== null) ?? own[0] ?? null;
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
