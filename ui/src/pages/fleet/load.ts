/** The load of a machine as gauges, a line each. Pure. */

import type { Load } from '../../lib/api/admin';
import { joined } from '../../lib/format/hardware';
import { digits, memorySize } from '../../lib/format/quantity';

export interface Gauge {
  name: string;
  text: string;
  /** The part of the bar that is filled, 0 to 1; null where nothing is measured. */
  share: number | null;
}

const UNMEASURED = 'not measured';
/** A machine has more GPUs than a card has lines. */
const MOST_GPUS = 4;

/** The load of a machine, a gauge a line; as many for a machine that sends none, so that nothing moves. */
export function gauges(load: Load | undefined, gpuCount: number): Gauge[] {
  const cpu = load?.cpu_percent ?? null;
  const gpus = Array.from({ length: Math.min(gpuCount, MOST_GPUS) }, (_, place) => gpuGauge(load, place, gpuCount));
  return [
    gauge('CPU', cpu === null ? '' : whole(cpu, '%'), cpu, 100),
    gauge('Memory', used(load?.memory_used_bytes, load?.memory_total_bytes), load?.memory_used_bytes, load?.memory_total_bytes),
    ...gpus,
  ];
}

function gpuGauge(load: Load | undefined, place: number, count: number): Gauge {
  const gpu = load?.gpus[place];
  const use = gpu?.utilization_percent ?? null;
  const parts = [
    use === null ? '' : whole(use, '%'),
    used(gpu?.memory_used_bytes, gpu?.memory_total_bytes),
    gpu?.temperature_c == null ? '' : whole(gpu.temperature_c, '°C'),
  ];
  return gauge(count > 1 ? `GPU ${place}` : 'GPU', joined(' · ', ...parts), use, 100);
}

function gauge(name: string, text: string, value: number | null | undefined, most: number | null | undefined): Gauge {
  const share = value == null || !most ? null : Math.min(1, Math.max(0, value / most));
  return { name, text: text || UNMEASURED, share };
}

function used(bytes: number | null | undefined, total: number | null | undefined): string {
  if (bytes == null) return '';
  return total == null ? memorySize(bytes) : `${memorySize(bytes)} of ${memorySize(total)}`;
}

const whole = (value: number, unit: string) => `${digits(Math.round(value))} ${unit}`;
