/** Kinds of work in words; one that a plugin of somebody's brings is shown by its name. */

export const KIND_LABELS: Readonly<Record<string, string>> = {
  compute: 'Count primes',
  llm_generate: 'Generate text',
  llm_serve: 'Serve many streams',
  txt2img: 'Generate images',
  workflow: 'Run a workflow',
  transcribe: 'Transcribe speech',
};

export function kindLabel(kind: string): string {
  return KIND_LABELS[kind] ?? kind.replaceAll('_', ' ');
}
