/** The parts of a finished race: which there are, and what draws them, loaded when it is opened. */

import type { Component } from 'svelte';

import type { RunDocument } from '../../../lib/api/documents';
import type { factsByLane } from '../../../lib/race/facts';
import type { Race } from '../../../lib/race/state';
import { kindPartOf } from '../kind_parts';
import { talkingLanes } from '../output';
import Result from './Result.svelte';

export interface TabProps {
  run: RunDocument;
  race: Race;
  facts: ReturnType<typeof factsByLane>;
  /** Whether it is for paper, where nothing can be opened. */
  printed?: boolean;
}

export interface Tab {
  name: string;
  title: string;
  /** Whether it has something to show. */
  has: (run: RunDocument, race: Race) => boolean;
  load: () => Promise<{ default: Component<TabProps> }>;
}

const ALL: readonly Tab[] = [
  { name: 'result', title: 'Result', has: hasResult, load: async () => ({ default: Result }) },
  { name: 'rounds', title: 'Rounds', has: (run) => run.lanes.some((lane) => lane.rounds.length > 0), load: () => import('./Rounds.svelte') },
  { name: 'output', title: 'Output', has: hasOutput, load: () => import('./Output.svelte') },
  { name: 'machines', title: 'Machines', has: () => true, load: () => import('./Machines.svelte') },
  { name: 'settings', title: 'Settings', has: () => true, load: () => import('./Settings.svelte') },
  { name: 'log', title: 'Log', has: (_, race) => race.logs.length > 0, load: () => import('./Log.svelte') },
];

const FIRST = ['result', 'rounds', 'machines'];

export function tabsOf(run: RunDocument, race: Race): Tab[] {
  const tabs = ALL.filter((tab) => tab.has(run, race));
  const own = kindPartOf(run);
  const made = run.artifacts.length > 0 || run.lanes.some((lane) => lane.rounds.length > 0);
  if (own && made) tabs.splice(hasResult(run) ? 1 : 0, 0, { ...own, has: () => true });
  return tabs;
}

/** The one that the address names; otherwise one that the log, which is read later, does not change. */
export function chosenTab(tabs: readonly Tab[], asked: string | null): Tab {
  const named = tabs.find((tab) => tab.name === asked);
  const chosen = named ?? FIRST.map((name) => tabs.find((tab) => tab.name === name)).find((tab) => tab !== undefined);
  if (chosen === undefined) throw new Error('every race has machines');
  return chosen;
}

function hasOutput(run: RunDocument, race: Race): boolean {
  const own = kindPartOf(run);
  return (!own?.says && talkingLanes(run, race).length > 0) || run.artifacts.some((file) => !own?.shows(file));
}

function hasResult(run: RunDocument): boolean {
  return run.lanes.some((lane) => lane.counted > 0) || run.remarks.length > 0 || Boolean(run.notes);
}
