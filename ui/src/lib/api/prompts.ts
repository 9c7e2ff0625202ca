/** Prompts about a topic, by a model of the fleet that has nothing to measure. */

import { post } from './client';

/** `reason` says why no model wrote it: then it is built in. */
export interface Written {
  prompt: string;
  source: 'model' | 'fallback';
  machine_id: string | null;
  backend: string | null;
  model: string | null;
  reason: string | null;
}

export function writePrompt(about: string, tokens: number): Promise<Written> {
  return post('/api/prompts', { about, tokens });
}
