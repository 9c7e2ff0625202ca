/** The lines of a result's head: central's own words, in the pieces that are set in different sizes. */

import type { Confidence, Result } from '../api/documents';

export interface Head {
  /** Whose colour the name has; null where nobody is ahead. */
  lane_id: string | null;
  /** The lane's name at the beginning of the headline; empty where it does not begin with one. */
  name: string;
  rest: string;
  /** `2.2x` and `faster`. */
  margin: string;
  unit: string;
  interval: string;
  detail: string;
}

export const BLANK: Head = { lane_id: null, name: '', rest: '', margin: '', unit: '', interval: '', detail: '' };

export function headOf(result: Result, labels: ReadonlyMap<string, string>): Head {
  const lane_id = result.winner ?? result.leader;
  const cut = split(result.headline, labels.get(lane_id) ?? '');
  const interval = result.interval ?? '';
  const { margin, unit } = sized(result.margin ?? '');
  return {
    ...cut,
    lane_id: cut.name === '' ? null : lane_id,
    margin,
    // An interval without a margin does not say what it is of; that of one lane is of the headline.
    unit: margin === '' && interval !== '' && result.runner_up !== null ? `difference to ${labels.get(result.runner_up) ?? result.runner_up}` : unit,
    interval,
    detail: result.detail,
  };
}

/** The level with its first reason, and the other reasons: one is for a glance, the rest to read. */
export function doubtOf({ text, reasons }: Pick<Confidence, 'text' | 'reasons'>): [string, string] {
  const rest = reasons
    .slice(1)
    .map((reason) => ` ${reason.text}.`)
    .join('');
  return rest !== '' && text.endsWith(rest) ? [text.slice(0, -rest.length), rest.trim()] : [text, ''];
}

/** With this begins the headline of a race of simulated machines; the page has a label for it. */
const SIMULATED = 'Simulated: ';

export function bare(headline: string): string {
  return headline.startsWith(SIMULATED) ? headline.slice(SIMULATED.length) : headline;
}

/** Cut a headline behind the name it begins with. */
export function split(headline: string, name: string): Pick<Head, 'name' | 'rest'> {
  const text = bare(headline);
  if (name === '' || !text.startsWith(name)) return { name: '', rest: text };
  return { name, rest: text.slice(name.length).trim() };
}

/** Cut `12 % faster` behind its figure. */
export function sized(margin: string): Pick<Head, 'margin' | 'unit'> {
  const [, figure, word] = /^([\d.,]+ ?[x×%])(?: (.*))?$/.exec(margin) ?? [];
  return figure === undefined ? { margin, unit: '' } : { margin: figure, unit: word ?? '' };
}
