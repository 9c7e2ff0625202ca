/** The last part of a text, as lines of an element; what is there already is never drawn again. */

import type { LaneRace, Window } from '../../lib/race/state';

export interface Output extends Pick<LaneRace, 'job_id' | 'round'>, Pick<Window, 'text' | 'characters'> {}

export class Transcript {
  private round = '';
  private shown = 0;

  constructor(private readonly holder: HTMLElement) {}

  /** Add what is new since the last time, and drop what has left the window. */
  show(output: Output): void {
    const round = `${output.job_id}/${output.round}`;
    const fresh = output.characters - this.shown;
    if (round !== this.round || fresh < 0 || fresh >= output.text.length) {
      this.round = round;
      this.holder.replaceChildren(...output.text.split('\n').map(line));
    } else if (fresh > 0) {
      this.append(output.text.slice(-fresh));
      this.trim(output.text);
    }
    this.shown = output.characters;
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
  const element = document.createElement('div');
  element.className = 'line';
  element.append(document.createTextNode(text));
  return element;
}

function textOf(line: Element | null): Text | null {
  return line?.firstChild instanceof Text ? line.firstChild : null;
}
