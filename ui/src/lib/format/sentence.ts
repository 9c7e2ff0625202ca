/** The message as a sentence: what to do comes after it. */
export function asSentence(message: string): string {
  const text = capital(message.trimEnd());
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A capital in front of a word; names such as `llama-server` and `lanes[0]` stay as they are. */
export function capital(text: string): string {
  return /^[a-z]+(?![\w.[(/:-])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** Where in a run a field is, as people count: `lanes[2].params.num_ctx` is `Lane 3, num ctx`. */
export function fieldLabel(path: string): string {
  const [, index, rest = ''] = /^lane(?:s\[|-)(\d+)\]?(?:\.(.+))?$/.exec(path) ?? [];
  const name = (index === undefined ? path : rest).replace(/^params\./, '').replaceAll('_', ' ');
  if (index === undefined) return name.charAt(0).toUpperCase() + name.slice(1);
  // `workers[0]`: the first worker.
  const counted = name.replace(/^(\w+)s\[(\d+)\]$/, (_, what: string, at: string) => `${what} ${Number(at) + 1}`);
  return [`Lane ${Number(index) + 1}`, counted].filter(Boolean).join(', ');
}
