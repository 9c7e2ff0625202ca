import { expect, it } from 'vitest';

import { begin } from '../../src/lib/race/state';
import { reduce } from '../../src/lib/race/reduce';
import { roundsLabel } from '../../src/pages/race/labels';
import { chosenTab, tabsOf } from '../../src/pages/race/tabs/tabs';
import type { RunDocument } from '../../src/lib/api/documents';
import { documentOf, Log } from '../log';

const round = { round: 1, warmup: false, heat: null, verdict: 'VALID' as const, reasons: [], measured: [], elapsed_ns: 1, error: null };

function over(more: Partial<RunDocument> = {}, counted = [1, 1]): RunDocument {
  const run = documentOf(['a', 'b'], { state: 'done', ...more });
  run.lanes.forEach((lane, index) => {
    lane.counted = counted[index] ?? 0;
    lane.rounds = Array.from({ length: lane.counted }, () => round);
  });
  return run;
}

const names = (run: RunDocument, log = new Log()) => tabsOf(run, reduce(begin(run), log.lines, 1_000_000)).map((tab) => tab.name);

it('only parts with something in them are offered', () => {
  expect(names(over())).toEqual(['result', 'rounds', 'machines', 'settings']);
  expect(names(over({}, [0, 0]))).toEqual(['machines', 'settings']);
  expect(names(over({ notes: 'mine' }, [0, 0]))).toEqual(['result', 'machines', 'settings']);
  const said = new Log()
    .add('round_start', { warmup: false, heat: null, started_ns: 0 }, { lane: 'a', round: 1 })
    .add('llm_token', { text: 'hello' }, { lane: 'a', round: 1 })
    .add('log', { level: 'warning', source: 's', message: 'm' });
  expect(names(over(), said)).toEqual(['result', 'rounds', 'output', 'machines', 'settings', 'log']);
});

it('the address chooses one, and the log that is read later changes nothing', () => {
  const run = over();
  const tabs = tabsOf(run, begin(run));
  expect(chosenTab(tabs, 'settings').name).toBe('settings');
  expect(chosenTab(tabs, 'nothing').name).toBe('result');
  const failed = over({ state: 'failed' }, [0, 0]);
  const log = new Log().add('llm_token', { text: 'hello' }, { lane: 'a', round: 1 }).add('log', { level: 'error', source: 's', message: 'm' });
  for (const lines of [[], log.lines]) {
    expect(chosenTab(tabsOf(failed, reduce(begin(failed), lines, 1_000_000)), null).name).toBe('machines');
  }
});

it('a run that ended early says how many rounds were run', () => {
  const rounds = { rounds: 6, warmup: 1 };
  expect(roundsLabel(over(rounds, [6, 6]))).toBe('6 rounds each after 1 warm-up');
  expect(roundsLabel(over({ ...rounds, state: 'cancelled' }, [2, 2]))).toBe('2 of 6 rounds run');
  expect(roundsLabel(over({ ...rounds, state: 'cancelled' }, [1, 3]))).toBe('1 to 3 of 6 rounds run');
  expect(roundsLabel(over({ ...rounds, state: 'failed' }, [0, 0]))).toBe('none of 6 rounds run');
  expect(roundsLabel(over({ ...rounds, state: 'running' }, [1, 1]))).toBe('6 rounds each after 1 warm-up');
});
