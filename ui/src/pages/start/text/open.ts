/** Which parameters of a model's work stand in the open; the rest waits behind "More". */

import type { Field } from '../../../lib/schema/schema';

const TEXT = ['prompt', 'prompt_tokens', 'max_tokens', 'temperature', 'num_ctx', 'concurrency', 'requests'];
const SPEECH = ['audio', 'language', 'beam', 'vad'];
const IMAGES = ['width', 'height', 'steps', 'cfg', 'sampler', 'scheduler', 'batch'];
const OPEN = [...TEXT, ...SPEECH, ...IMAGES];

export interface Parted {
  /** The one that names a model, which has a list of its own. */
  model: Field | null;
  open: Field[];
  more: Field[];
}

/** What a sweep varies: the load of a model's server, or the threads of a kernel. */
export function swept(fields: Field[]): Field | null {
  const name = parted(fields).model === null ? 'threads' : 'concurrency';
  return fields.find((field) => field.name === name) ?? null;
}

/** Part the fields of a form; a form without models is short, and all of it open. */
export function parted(fields: Field[]): Parted {
  const model = fields.find((field) => field.source === 'models') ?? null;
  if (model === null) return { model, open: fields, more: [] };
  const rank = (field: Field) => OPEN.indexOf(field.name);
  const open = fields.filter((field) => rank(field) >= 0).sort((one, other) => rank(one) - rank(other));
  return { model, open, more: fields.filter((field) => field !== model && rank(field) < 0) };
}
