/** What some kinds of work bring to a race's page beside the parts of all. */

import type { Component } from 'svelte';

import type { Artifact, RunDocument } from '../../lib/api/documents';
import type { Race } from '../../lib/race/state';
import { isRecording, TRANSCRIPT } from './speech/transcripts';
import type { TabProps } from './tabs/tabs';

export interface LiveProps {
  run: RunDocument;
  /** The race as words have it: a few times a second. */
  race: Race;
}

export interface KindPart {
  /** Of its tab in a finished race, which stands after the result; the address names it. */
  name: string;
  title: string;
  load: () => Promise<{ default: Component<TabProps> }>;
  /** What people watch while the race is on. */
  live: () => Promise<{ default: Component<LiveProps> }>;
  /** Whether it shows what lanes say, so that Output does not. */
  says: boolean;
  /** Whether it shows a file: others are listed under Output. */
  shows: (file: Artifact) => boolean;
}

const IMAGES: KindPart = {
  name: 'images',
  title: 'Images',
  load: () => import('./tabs/Images.svelte'),
  live: () => import('./images/LiveImages.svelte'),
  says: false,
  shows: (file) => file.media_type.startsWith('image/') && file.lane_id !== null && file.round !== null,
};

const SPEECH: KindPart = {
  name: 'transcripts',
  title: 'Transcripts',
  load: () => import('./tabs/Speech.svelte'),
  live: () => import('./speech/LiveSpeech.svelte'),
  says: true,
  shows: (file) => file.lane_id !== null && (file.name === TRANSCRIPT || isRecording(file)),
};

/** A kind of work with a tab of its own stands here, under its name or the drawing that its plugins name. */
const BY_KIND: Readonly<Record<string, KindPart>> = { transcribe: SPEECH };
const BY_DRAWING: Readonly<Record<string, KindPart>> = { image: IMAGES };

export function kindPartOf(run: RunDocument): KindPart | null {
  const own = BY_KIND[run.kind];
  if (own) return own;
  for (const workload of Object.values(run.workloads)) {
    const part = BY_DRAWING[workload.drawing];
    if (part) return part;
  }
  return null;
}
