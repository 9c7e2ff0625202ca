/** What a machine's samples show: one gauge for each thing that it tells. */

import { memorySize, quantity } from '../../lib/format/quantity';
import type { GpuSample } from '../../lib/events/types';
import type { Sample } from '../../lib/race/state';

export interface Gauge {
  key: string;
  title: string;
  /** Of the values as they are, before they are formatted. */
  unit: string;
  values: (number | null)[];
  times_s: number[];
  /** The end of the scale. */
  most: number;
  text: string;
  format: (value: number) => string;
}

type Read = (sample: Sample) => number | null | undefined;

export function gauges(samples: readonly Sample[]): Gauge[] {
  const last = samples.at(-1);
  const gauges: (Gauge | null)[] = [
    gauge(samples, 'cpu', 'CPU', (sample) => sample.cpu_percent, 100, percentOf, '%'),
    gauge(samples, 'memory', 'Memory', (sample) => sample.memory_used_bytes, last?.memory_total_bytes ?? null, memorySize, 'B'),
    gauge(samples, 'temperature', 'CPU temperature', (sample) => sample.cpu_temperature_c, 110, degrees, '°C'),
  ];
  for (const gpu of last?.gpus ?? []) {
    const of = (read: (reading: GpuSample) => number | null | undefined): Read => (sample) => {
      const sampled = sample.gpus?.find((reading) => reading.index === gpu.index);
      return sampled === undefined ? null : read(sampled);
    };
    const name = (last?.gpus?.length ?? 0) > 1 ? `GPU ${gpu.index}` : 'GPU';
    gauges.push(
      gauge(samples, `gpu-${gpu.index}`, name, of((reading) => reading.utilization_percent), 100, percentOf, '%'),
      gauge(samples, `vram-${gpu.index}`, `${name} memory`, of((reading) => reading.memory_used_bytes), gpu.memory_total_bytes ?? null, memorySize, 'B'),
      gauge(samples, `power-${gpu.index}`, `${name} power`, of((reading) => reading.power_w), null, (value) => quantity(value, 'W'), 'W'),
    );
  }
  return gauges.filter((reading) => reading !== null);
}

function gauge(
  samples: readonly Sample[],
  key: string,
  title: string,
  read: Read,
  most: number | null,
  format: (value: number) => string,
  unit: string,
): Gauge | null {
  const values = samples.map((sample) => read(sample) ?? null);
  const present = values.filter((value) => value !== null);
  const latest = present.at(-1);
  if (latest === undefined) return null;
  const end = most ?? Math.max(...present) * 1.1;
  const whole = most !== null && format === memorySize ? ` of ${format(most)}` : '';
  return { key, title, unit, values, times_s: samples.map((sample) => sample.at_s), most: end, text: format(latest) + whole, format };
}

function percentOf(value: number): string {
  return quantity(Math.round(value), '%');
}

function degrees(value: number): string {
  return quantity(Math.round(value), '°C');
}
