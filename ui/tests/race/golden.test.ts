/** The logs of `tests/golden`: the terminal's reducer is held to the same files. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { RunDocument } from '../../src/lib/api/documents';
import { reduce } from '../../src/lib/race/reduce';
import { begin, type LaneRace, type Race } from '../../src/lib/race/state';
import { documentOf } from '../log';

interface Expectation {
  about: string;
  warmup: number;
  rounds: number;
  lanes: { lane_id: string; machine_id: string; job_id: string }[];
  expected: Record<string, unknown>;
}

const FOLDER = join(process.cwd(), '../tests/golden');
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

function start({ lanes, rounds, warmup }: Expectation): Race {
  const base = documentOf(lanes.map((lane) => lane.lane_id), { rounds, warmup });
  const placed = base.lanes.map((lane, index) => ({ ...lane, ...lanes[index] })) as RunDocument['lanes'];
  return begin({ ...base, lanes: placed });
}

/** A cancelled lane's error is the page's own wording, and no event's. */
function shown(lane: LaneRace): unknown {
  const error = lane.state === 'failed' ? (lane.error?.category ?? null) : null;
  return { state: lane.state, round: lane.round, counted: lane.counted, place: lane.finish, error };
}

describe('golden logs', () => {
  it.each(NAMES)('%s', (name) => {
    const expectation = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Expectation;
    const lines = readFileSync(join(FOLDER, `${name}.ndjson`), 'utf8').trimEnd().split('\n');
    for (const steps of [[lines], lines.map((line) => [line])]) {
      const race = steps.reduce((before, more) => reduce(before, more, 0), start(expectation));
      expect(race.phase).toBe('over');
      const states = Object.entries(race.lanes).map(([lane_id, lane]) => [lane_id, shown(lane)]);
      expect(Object.fromEntries(states)).toEqual(expectation.expected);
    }
  });
});
