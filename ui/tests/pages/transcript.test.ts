import { describe, expect, it } from 'vitest';

import { applyToLane } from '../../src/lib/race/lane';
import { begin, type LaneRace } from '../../src/lib/race/state';
import type { Known } from '../../src/lib/events/types';
import { Transcript } from '../../src/pages/race/transcript';
import { documentOf } from '../log';

function lane(): LaneRace {
  const found = begin(documentOf(['a'])).lanes.a;
  if (found === undefined) throw new Error('no lane');
  return found;
}

function say(before: LaneRace, text: string): LaneRace {
  return applyToLane(before, { type: 'llm_token', t_ns: 0, payload: { text } } as Known);
}

function shown(holder: HTMLElement): string {
  return [...holder.children].map((each) => each.textContent).join('\n');
}

describe('Transcript', () => {
  it.each([
    ['lines', (at: number) => (at % 7 === 0 ? `end ${at}\n` : `word ${at} `)],
    ['one line without an end', (at: number) => `word ${at} `],
    ['many short lines', (at: number) => `${at}\n\n`],
  ])('shows the window of %s, however often it is told', (_, word) => {
    const holder = document.createElement('div');
    const transcript = new Transcript(holder);
    let said = lane();
    for (let at = 0; at < 3_000; at += 1) {
      said = say(said, word(at));
      if (at % 13 === 0) {
        transcript.show(said);
        expect(shown(holder)).toBe(said.text);
      }
    }
  });

  it('keeps the elements of lines that stay', () => {
    const holder = document.createElement('div');
    const transcript = new Transcript(holder);
    const said = say(lane(), 'one\ntwo');
    transcript.show(said);
    const first = holder.firstElementChild;
    transcript.show(say(said, ' and more\nthree'));
    expect(shown(holder)).toBe('one\ntwo and more\nthree');
    expect(holder.firstElementChild).toBe(first);
  });

  it('begins anew with a round, and after more than a window', () => {
    const holder = document.createElement('div');
    const transcript = new Transcript(holder);
    transcript.show(say(lane(), 'before'));
    const next = say({ ...lane(), round: 2 }, 'after it');
    transcript.show(next);
    expect(shown(holder)).toBe('after it');
    const later = say(next, 'x\n'.repeat(5_000));
    transcript.show(later);
    expect(shown(holder)).toBe(later.text);
  });

  it('shows text as text', () => {
    const holder = document.createElement('div');
    new Transcript(holder).show(say(lane(), '<img src=x onerror=alert(1)>'));
    expect(holder.querySelector('img')).toBeNull();
    expect(holder.textContent).toContain('<img');
  });
});
