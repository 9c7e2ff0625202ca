/** Prompts about a topic, by a model of the fleet that has nothing to measure. */

import type { PromptAnswer } from './generated';

export type { PromptAnswer as Written } from './generated';

import { post } from './client';

export function writePrompt(about: string, tokens: number): Promise<PromptAnswer> {
  return post('/api/prompts', { about, tokens });
}
