// Written by `make docs` from benchrace/api; do not edit.

/** `reason` says why no model wrote it, null where one did. */
export interface PromptAnswer {
  prompt: string;
  source: PromptSource;
  machine_id: string | null;
  backend: string | null;
  model: string | null;
  reason: string | null;
}

/** A request for a prompt on a topic, of about `tokens` tokens; null means any of the fleet. */
export interface PromptRequest {
  about: string;
  tokens?: number;
  machine_id?: string | null;
  backend?: string | null;
  model?: string | null;
}

export type PromptSource = 'model' | 'fallback';
