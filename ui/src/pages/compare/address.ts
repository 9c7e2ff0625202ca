/** What is compared, as the address says it and as central is asked for it: runs, and lanes matched by hand. */

export interface Chosen {
  /** The baseline first, then one at least; an empty one is still to be chosen. `RUN:LANE` is one lane of a run. */
  runs: string[];
  /** A lane of each run, the baseline's first: empty where the rules decide, `-` for none. */
  match: string[][];
}

export const NAMES = ['A', 'B', 'C', 'D', 'E'] as const;
export const NO_LANE = '-';

export function chosenOf(query: URLSearchParams): Chosen {
  const [a = '', b = '', ...more] = NAMES.map((name) => query.get(name.toLowerCase()) ?? '');
  const runs = [a, b, ...more.filter((run) => run !== '')];
  return { runs, match: query.getAll('match').map((text) => text.split('=')) };
}

export function toQuery({ runs, match }: Chosen): URLSearchParams {
  const query = new URLSearchParams(runs.flatMap((run, at) => (run === '' ? [] : [[(NAMES[at] ?? '').toLowerCase(), run]])));
  for (const row of match) if (row.slice(1).some((lane) => lane !== '')) query.append('match', row.join('='));
  return query;
}

export function addressOf(chosen: Chosen): string {
  const query = toQuery(chosen).toString();
  return query ? `/compare?${query}` : '/compare';
}

export function runOf(side: string): string {
  return side.split(':', 1)[0] ?? '';
}

/** The only lane of a side that takes part, by ID or label; null for all of them. */
export function laneOf(side: string): string | null {
  const at = side.indexOf(':');
  return at < 0 ? null : side.slice(at + 1);
}

/** One lane of a run alone, or all of them again; two such lanes meet whatever was matched before. */
export function withLane(chosen: Chosen, at: number, lane: string): Chosen {
  const run = runOf(chosen.runs[at] ?? '');
  return withRun(chosen, at, lane === '' ? run : `${run}:${lane}`);
}

/** Another run in a place has other lanes; a place behind the last adds a run. */
export function withRun({ runs, match }: Chosen, at: number, run: string): Chosen {
  const changed = at < runs.length ? runs.map((one, place) => (place === at ? run : one)) : [...runs, run];
  if (at === 0) return { runs: changed, match: [] };
  return { runs: changed, match: match.map((row) => row.map((lane, place) => (place === at ? '' : lane))) };
}

export function withoutRun(chosen: Chosen, at: number): Chosen {
  return rearranged(chosen, chosen.runs.flatMap((_, place) => (place === at ? [] : [place])));
}

/** The same runs and matches, held against another one of them. */
export function withBaseline(chosen: Chosen, at: number): Chosen {
  return rearranged(chosen, [at, ...chosen.runs.flatMap((_, place) => (place === at ? [] : [place]))]);
}

/** Have a lane of the baseline meet one of another run, which no other lane then meets. */
export function withMatch({ runs, match }: Chosen, lane: string, at: number, other: string): Chosen {
  const freed = match.map((row) => row.map((one, place) => (place === at && one === other && other !== NO_LANE ? '' : one)));
  const row = freed.find(([first]) => first === lane) ?? [lane];
  const changed = runs.map((_, place) => (place === at ? other : (row[place] ?? '')));
  return { runs, match: [...freed.filter(([first]) => first !== lane), changed] };
}

export function matchOf({ match }: Chosen, lane: string, at: number): string {
  return match.find(([first]) => first === lane)?.[at] ?? '';
}

function rearranged({ runs, match }: Chosen, order: number[]): Chosen {
  return {
    runs: order.map((place) => runs[place] ?? ''),
    match: match.map((row) => order.map((place) => row[place] ?? '')).filter(([first]) => first !== '' && first !== NO_LANE),
  };
}
