/** What the tab says of a race: how far it is and who leads, then who won. */

import type { RunDocument } from '../../lib/api/documents';
import { liveHead } from '../../lib/race/leader';
import { raceElapsed, raceRemaining } from '../../lib/race/times';
import type { Race } from '../../lib/race/state';
import { sized } from '../../lib/result/head';
import { isOver } from '../runs/query';
import { titleOf } from './labels';

export function tabTitle(run: RunDocument, race: Race, now_ms: number): string {
  if (isOver(run.state)) {
    if (!run.result) return `${titleOf(run)}: ${run.state}`;
    const { headline, margin } = run.result;
    return [headline, sized(margin ?? '').margin].filter(Boolean).join(' ');
  }
  const head = liveHead(run, race, false);
  const words = [head.name, head.rest].filter(Boolean).join(' ');
  return [run.simulated ? 'Simulated' : '', percentDone(race, now_ms), words].filter(Boolean).join(' · ');
}

function percentDone(race: Race, now_ms: number): string {
  const elapsed = raceElapsed(race, now_ms);
  const left = raceRemaining(race, now_ms);
  if (race.phase !== 'running' || elapsed === null || left === null) return '';
  return `${Math.floor((100 * elapsed) / Math.max(1, elapsed + left))} %`;
}
