/** Hardware in a few characters: names of processors and GPUs without what their vendors add. */

import type { Cpu, Gpu, Memory, OperatingSystem } from '../api/generated';
import { memorySize, quantity } from './quantity';

const MARKS = /\((?:R|TM|C)\)|[®™©]/gi;
/** What stands around a model's name and says nothing that it does not. */
const NOISE = /\b(?:Intel|AMD|NVIDIA|GeForce|Core|Processor|CPU|Graphics|Apple(?= M\d)|\d+-Core|with Radeon.*)(?![\w-])/gi;

/** `Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz` as `Xeon Gold 6338`. */
export function shortModel(name: string): string {
  const bare = name.replace(MARKS, '').replace(/ ?@ .*$/, '').replace(/\b\d+(?:st|nd|rd|th) Gen\b/i, '');
  const short = bare.replace(NOISE, '').replace(/\s+/g, ' ').trim();
  return short || bare.trim() || name;
}

/** GPUs of one name once: `2x RTX 4090`. */
export function shortModels(names: readonly string[]): string {
  return counted(names.map(shortModel)).join(', ');
}

/** What a machine of any version said of itself: anything may be missing. */
export interface SeenHardware {
  cpu?: Partial<Cpu>;
  memory?: Partial<Memory>;
  gpus?: Partial<Gpu>[];
  os?: Partial<OperatingSystem>;
  virtualisation?: string | null;
}

/** `RTX 4090 24 GiB · 350 W` and `Ryzen 9 7950X 16c/32t · 64 GiB · Linux 6.18`: what is not known is left out. */
export function chips({ cpu, memory, gpus, os }: SeenHardware): string[] {
  const own = (gpus ?? []).map((gpu) => joined(' · ', joined(' ', shortModel(gpu.name ?? 'GPU'), sized(gpu.vram_bytes)), watts(gpu.power_limit_w)));
  const model = cpu?.model == null ? (cpu?.architecture ?? '') : shortModel(cpu.model);
  const cores = joined('/', cpu?.physical_cores == null ? '' : `${cpu.physical_cores}c`, cpu?.logical_cores == null ? '' : `${cpu.logical_cores}t`);
  const system = joined(' · ', joined(' ', model, cores), sized(memory?.total_bytes), systemName(os ?? {}));
  return [...counted(own), system].filter((chip) => chip !== '');
}

/** `Linux 6.18`, `macOS 15.1`. */
export function systemName({ name, version, kernel }: Partial<OperatingSystem>): string {
  if (/^(mac|windows)/i.test(name ?? '')) return joined(' ', name ?? '', version ?? '');
  const release = /^\d+\.\d+/.exec(kernel ?? '')?.[0];
  return release === undefined ? (name ?? '') : `Linux ${release}`;
}

/** Memory in words, empty where it is not known. */
export function sized(bytes: number | null | undefined): string {
  return bytes == null ? '' : memorySize(bytes);
}

/** A limit of power, empty where it is not known. */
export function watts(limit: number | null | undefined): string {
  return limit == null ? '' : quantity(limit, 'W');
}

/** The parts that are not empty. */
export function joined(separator: string, ...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(separator);
}

function counted(names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => {
    const many = names.filter((other) => other === name).length;
    return many > 1 ? `${many}x ${name}` : name;
  });
}
