/** The results of one machine over time: its own lanes of each series of runs. */

import type { LaneHistory, SeriesAnswer } from '../../lib/api/history';

export interface OwnSeries {
  series: SeriesAnswer;
  lanes: LaneHistory[];
}

/** The lanes that run on the machine; a series without a result of its own is left out. */
export function ownSeries(machineId: string, all: readonly SeriesAnswer[]): OwnSeries[] {
  return all
    .map((series) => {
      const labels = new Set(series.newest.lanes.filter((lane) => lane.machine_id === machineId).map(({ label }) => label));
      return { series, lanes: series.lanes.filter(({ label, values }) => labels.has(label) && values.some((value) => value !== null)) };
    })
    .filter(({ lanes }) => lanes.length > 0);
}
