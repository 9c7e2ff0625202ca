/** The message with a full stop, unless it ends a sentence already: what to do comes after it. */
export function asSentence(message: string): string {
  const text = message.trimEnd();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
