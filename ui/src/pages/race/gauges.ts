/** What a machine's samples show: one gauge for each thing that it tells. */

import { bytes, quantity } from '../../lib/format/quantity';
import type { GpuSample } from '../../lib/events/types';
import type { Sample } from '../../lib/race/state';

export interface Gauge {
  key: string;
  title: string;
  values: (number | null)[];
  times_s: number[];
  /** The end of the scale. */
  most: number;
  said: string;
  format: (value: number) => string;
}

type Read = (sample: Sample) => number | null | undefined;

export function gauges(samples: readonly Sample[]): Gauge[] {
  const last = samples.at(-1);
  const made: (Gauge | null)[] = [
    gauge(samples, 'cpu', 'CPU', (sample) => sample.cpu_percent, 100, percentOf),
    gauge(samples, 'memory', 'Memory', (sample) => sample.memory_used_bytes, last?.memory_total_bytes ?? null, bytes),
    gauge(samples, 'temperature', 'CPU temperature', (sample) => sample.cpu_temperature_c, 110, degrees),
  ];
  for (const gpu of last?.gpus ?? []) {
    const of = (read: (each: GpuSample) => number | null | undefined): Read => (sample) => {
      const found = sample.gpus?.find((each) => each.index === gpu.index);
      return found === undefined ? null : read(found);
    };
    const name = (last?.gpus?.length ?? 0) > 1 ? `GPU ${gpu.index}` : 'GPU';
    made.push(
      gauge(samples, `gpu-${gpu.index}`, name, of((each) => each.utilization_percent), 100, percentOf),
      gauge(samples, `vram-${gpu.index}`, `${name} memory`, of((each) => each.memory_used_bytes), gpu.memory_total_bytes ?? null, bytes),
      gauge(samples, `power-${gpu.index}`, `${name} power`, of((each) => each.power_w), null, (value) => quantity(value, 'W')),
    );
  }
  return made.filter((each) => each !== null);
}

function gauge(
  samples: readonly Sample[],
  key: string,
  title: string,
  read: Read,
  most: number | null,
  format: (value: number) => string,
): Gauge | null {
  const values = samples.map((sample) => read(sample) ?? null);
  const known = values.filter((value) => value !== null);
  const latest = known.at(-1);
  if (latest === undefined) return null;
  const end = most ?? Math.max(...known) * 1.1;
  const whole = most !== null && format === bytes ? ` of ${format(most)}` : '';
  return { key, title, values, times_s: samples.map((sample) => sample.at_s), most: end, said: format(latest) + whole, format };
}

function percentOf(value: number): string {
  return `${value.toFixed(0)} %`;
}

function degrees(value: number): string {
  return `${value.toFixed(0)} °C`;
}
