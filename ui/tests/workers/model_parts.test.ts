/** Where the model of a lane over several machines is. */
import { describe, expect, it } from 'vitest';

import { factsOf } from '../../src/lib/race/facts';
import { modelParts } from '../../src/lib/race/model_parts';

const LANE = { machine_id: 'a', workers: ['b'], peers: [{ machine_id: 'b', label: 'Mac 2', endpoint: '10.0.0.2:50052', build: null, protocol: null, devices: [] }] };
const REPORTED = { coordinator_model_mib: 300, coordinator_kv_mib: 24, 'worker_Mac 2_model_mib': 100.5, 'worker_Mac 2_kv_mib': 40 };

function parts(settings: Record<string, unknown>, lane = LANE) {
  return modelParts(lane, factsOf({ engine: { name: 'llama-server', settings } }) ?? undefined);
}

describe('the parts of a model', () => {
  it('are those of the coordinator and of each worker, by the label that it had', () => {
    expect(parts(REPORTED)).toEqual([
      { machine_id: 'a', role: 'coordinator', weights_mib: 300, context_mib: 24, share: 300 / 400.5 },
      { machine_id: 'b', role: 'worker', weights_mib: 100.5, context_mib: 40, share: 100.5 / 400.5 },
    ]);
  });

  it('have no share where one is not reported', () => {
    const [own, worker] = parts({ ...REPORTED, coordinator_model_mib: null });
    expect(own).toMatchObject({ weights_mib: null, context_mib: 24, share: null });
    expect(worker).toMatchObject({ weights_mib: 100.5, share: null });
    expect(parts({ ...REPORTED, coordinator_model_mib: 0, 'worker_Mac 2_model_mib': 0 }).map(({ share }) => share)).toEqual([null, null]);
  });

  it('are none without workers, and none before the first round', () => {
    expect(parts(REPORTED, { ...LANE, workers: [] })).toEqual([]);
    expect(modelParts(LANE, undefined)).toEqual([]);
  });
});
