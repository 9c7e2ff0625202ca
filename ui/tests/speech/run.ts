/** A race of speech: its files, and a central that gives their content. */

import { vi } from 'vitest';

import type { Artifact } from '../../src/lib/api/documents';
import { documentOf } from '../log';

export const SOUND = 'a0'.padEnd(64, '0');

export function transcript(lane_id: string, round: number, content = lane_id, more: Partial<Artifact> = {}): Artifact {
  const sha256 = `${content}1`.padEnd(64, '0');
  return { name: 'transcript.json', media_type: 'application/json', size: 9, sha256, job_id: 'job1', machine_id: 'm1', lane_id, round, state: 'stored', reason: null, image: null, audio: null, ...more };
}

export function recording(more: Partial<Artifact> = {}): Artifact {
  return { ...transcript('a', 0), name: 'audio-0.opus', media_type: 'audio/ogg', sha256: SOUND, audio: 'audio/ogg', ...more };
}

export function speechRun(artifacts: Artifact[]) {
  const run = documentOf(['a', 'b'], { state: 'done', kind: 'transcribe', artifacts });
  run.workloads = { compute: { drawing: 'lines', metrics: [] } as unknown as (typeof run.workloads)[string] };
  return run;
}

/** What a lane heard, one segment a second. */
export function heard(words: string[], more: Record<string, unknown> = {}) {
  const segments = words.map((text, at) => ({ start_s: at, end_s: at + 1, text }));
  return [{ name: 'talk.opus', digest: SOUND, audio_s: words.length, language: 'en', text: words.join(' '), segments, reference: null, edits: null, ...more }];
}

/** Answer for files by the digest that ends an address. */
export function central(content: Record<string, unknown>) {
  const asked = vi.fn((address: string) => Promise.resolve(new Response(JSON.stringify(content[address.split('/').at(-1)!.slice(0, 1)]))));
  vi.stubGlobal('fetch', asked);
  return asked;
}
