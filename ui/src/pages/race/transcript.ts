/** The last part of a text, as lines of an element; what is there already is never drawn again. */

import type { LaneRace, Window } from '../../lib/race/state';

export interface Said extends Pick<LaneRace, 'job_id' | 'round'>, Pick<Window, 'text' | 'characters'> {}

export class Transcript {
  private round = '';
  private shown = 0;

  constructor(private readonly holder: HTMLElement) {}

  /** Add what is new since the last time, and drop what has left the window. */
  show(said: Said): void {
    const round = `${said.job_id}/${said.round}`;
    const fresh = said.characters - this.shown;
    if (round !== this.round || fresh < 0 || fresh >= said.text.length) {
      this.round = round;
      this.holder.replaceChildren(...said.text.split('\n').map(line));
    } else if (fresh > 0) {
      this.append(said.text.slice(-fresh));
      this.trim(said.text);
    }
    this.shown = said.characters;
  }

  private append(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    textOf(this.holder.lastElementChild)?.appendData(first);
    this.holder.append(...rest.map(line));
  }

  private trim(text: string): void {
    let lines = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
    while (this.holder.childElementCount > lines) this.holder.firstElementChild?.remove();
    const first = textOf(this.holder.firstElementChild);
    const end = text.indexOf('\n');
    const cut = first === null ? 0 : first.length - (end < 0 ? text.length : end);
    if (cut > 0) first?.deleteData(0, cut);
  }
}

function line(text: string): HTMLElement {
  const made = document.createElement('div');
  made.className = 'line';
  made.append(document.createTextNode(text));
  return made;
}

function textOf(line: Element | null): Text | null {
  return line?.firstChild instanceof Text ? line.firstChild : null;
}
