/** Kinds of work in words; one that a plugin of somebody's brings is shown by its name. */

export const KIND_WORDS: Readonly<Record<string, string>> = {
  compute: 'Count primes',
  llm_generate: 'Generate text',
  llm_serve: 'Serve many streams',
  txt2img: 'Make images',
  transcribe: 'Transcribe speech',
};

export function kindWords(kind: string): string {
  return KIND_WORDS[kind] ?? kind.replaceAll('_', ' ');
}
