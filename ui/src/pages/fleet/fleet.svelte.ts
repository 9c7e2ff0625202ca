/** The fleet as administration sees it, asked for while somebody looks. */

import * as admin from '../../lib/api/admin';
import * as api from '../../lib/api/runs';
import { list, type RunRow } from '../../lib/api/history';
import { failure } from '../../lib/api/client';
import type { FleetMachine, Load, NearbyAgent, RefusedAgent, Told } from '../../lib/api/admin';
import type { Status } from '../../lib/api/documents';
import type { Failure } from '../../lib/events/types';
import { poll } from '../../lib/poll/poll';

const AGAIN_MS = 3_000;
const RECENT = '50';

export class Fleet {
  status = $state.raw<Status | null>(null);
  machines = $state.raw<FleetMachine[]>([]);
  refused = $state.raw<RefusedAgent[]>([]);
  nearby = $state.raw<NearbyAgent[]>([]);
  reports = $state.raw<ReadonlyMap<string, Told>>(new Map());
  loads = $state.raw<ReadonlyMap<string, Load>>(new Map());
  /** The newest runs. */
  recent = $state.raw<RunRow[]>([]);
  running = $state.raw<RunRow[]>([]);
  queued = $state.raw<RunRow[]>([]);
  failure = $state.raw<Failure | null>(null);
  now_s = $state(Date.now() / 1000);

  watch(): () => void {
    return poll(() => this.look(), AGAIN_MS);
  }

  async exclude(machineId: string, excluded: boolean): Promise<void> {
    await this.done(admin.exclude(machineId, excluded));
  }

  async forget(machineId: string): Promise<void> {
    await this.done(admin.forget(machineId));
  }

  async cancel(runId: string): Promise<void> {
    await this.done(api.cancel(runId));
  }

  private async done(work: Promise<unknown>): Promise<void> {
    try {
      await work;
      await this.look();
    } catch (error) {
      this.failure = failure(error);
    }
  }

  private async look(): Promise<void> {
    const of = (query: Record<string, string>) => list(new URLSearchParams(query));
    try {
      const [status, fleet, loads, reports, recent, running, queued] = await Promise.all([
        api.status(),
        admin.fleet(),
        admin.loads(),
        admin.told(),
        of({ limit: RECENT }),
        of({ state: 'running', limit: '200' }),
        of({ state: 'queued', limit: '200' }),
      ]);
      this.now_s = Date.now() / 1000;
      this.status = status;
      this.machines = fleet.machines;
      this.refused = fleet.refused;
      this.nearby = fleet.nearby;
      this.loads = new Map(loads.map((load) => [load.machine_id, load]));
      this.recent = recent.runs;
      this.reports = new Map(reports.map((report) => [report.machine_id, report]));
      this.running = running.runs;
      // The first one in the queue is the oldest.
      this.queued = [...queued.runs].reverse();
      this.failure = null;
    } catch (error) {
      this.failure = failure(error);
    }
  }
}
