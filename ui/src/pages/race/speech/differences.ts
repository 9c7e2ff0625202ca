/** Where two texts differ, word by word. Errors against a reference are counted, and aligned, by the plugin; this is for two lanes. */

import { diffArrays } from 'diff';

import type { Edit } from './transcripts';

/** Two long texts with nothing in common would keep the page busy for minutes. */
const TIMEOUT_MS = 1_000;
const CONTEXT = 8;
/** The mean length of words, above which they are none. */
const MAX_WORD = 15;

/** The edits that make one text into another, whatever the case and the punctuation; null where that takes too long. */
export function differences(before: string, after: string): Edit[] | null {
  const spaced = isSpaced(before) && isSpaced(after);
  const [one, other] = [wordsOf(before, spaced), wordsOf(after, spaced)];
  const changes = diffArrays(one, other, { comparator: (left, right) => left === right || plain(left) === plain(right), timeout: TIMEOUT_MS });
  if (changes === undefined) return null;
  const edits: Edit[] = [];
  for (const { value, added, removed } of changes as { value: string[]; added: boolean; removed: boolean }[]) {
    const text = value.join(' ');
    const last = edits.at(-1);
    if (added && last?.op === 'delete') edits[edits.length - 1] = { op: 'substitute', before: last.before, after: text };
    else if (added) edits.push({ op: 'insert', before: '', after: text });
    else edits.push({ op: removed ? 'delete' : 'equal', before: text, after: removed ? '' : text });
  }
  return edits;
}

function wordsOf(text: string, spaced: boolean): string[] {
  return (spaced ? text.split(/\s+/) : [...text]).filter((word) => plain(word) !== '');
}

/** Some scripts have no spaces between words: their characters are compared. */
function isSpaced(text: string): boolean {
  return text.length <= MAX_WORD * text.split(/\s+/).length;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[\p{P}\p{S}]/gu, '');
}

export interface Counts {
  words: number;
  other: number;
  missing: number;
  added: number;
}

/** How many words differ; of a stretch that was replaced, those beyond the other's length are added or missing. */
export function countsOf(edits: readonly Edit[]): Counts {
  const counts = { words: 0, other: 0, missing: 0, added: 0 };
  for (const { op, before, after } of edits) {
    const [was, is] = [countOf(before), countOf(after)];
    counts.words += was;
    if (op === 'equal') continue;
    counts.other += Math.min(was, is);
    counts.missing += Math.max(0, was - is);
    counts.added += Math.max(0, is - was);
  }
  return counts;
}

function countOf(text: string): number {
  return text === '' ? 0 : text.split(' ').length;
}

/** A stretch as it is drawn: `left_out` counts the words that stand between it and the next. */
export interface Shown extends Edit {
  left_out: number;
}

/** The differences with the words around them; all words where that saves little. */
export function around(edits: readonly Edit[]): Shown[] {
  return edits.flatMap((edit, index) => {
    const words = edit.op === 'equal' ? edit.after.split(' ') : [];
    const head = index > 0 ? CONTEXT : 0;
    const tail = index < edits.length - 1 ? CONTEXT : 0;
    const left_out = words.length - head - tail;
    if (left_out < 2 * CONTEXT) return [{ ...edit, left_out: 0 }];
    const part = (from: number, to: number, left_out: number): Shown => {
      const text = words.slice(from, to).join(' ');
      return { op: 'equal', before: text, after: text, left_out };
    };
    return [part(0, head, left_out), part(words.length - tail, words.length, 0)];
  });
}
