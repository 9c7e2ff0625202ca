/** Which lanes of a race have something to say. */

import { isOver, type RunDocument } from '../../lib/api/documents';
import type { LaneRace, Race } from '../../lib/race/state';

const DRAWN = ['text', 'lines'];

/** While a race is on, room is kept for what its lanes will say. */
export function talkingLanes(run: RunDocument, race: Race): LaneRace[] {
  const lanes = race.order.flatMap((id) => race.lanes[id] ?? []);
  const talking = lanes.filter((lane) => lane.text !== '' || lane.thought.characters > 0);
  if (isOver(run.state)) return talking;
  const expected = lanes.some((lane) => DRAWN.includes(run.workloads[lane.backend]?.drawing ?? ''));
  return talking.length > 0 || expected ? lanes : [];
}
