/** The hardware of a machine in full, as names and values; what is not known is left out. */

import type { Told } from '../../lib/api/admin';
import { joined, sized, watts } from '../../lib/format/hardware';
import { plural, quantity } from '../../lib/format/quantity';

export function facts({ hardware, environment }: Told): [string, string][] {
  const { cpu, memory, os } = hardware;
  const megahertz = (value: number | null) => (value === null ? '' : quantity(value * 1e6, 'Hz'));
  const caches = Object.entries({ L1d: cpu.caches.l1d_bytes, L2: cpu.caches.l2_bytes, L3: cpu.caches.l3_bytes });
  const rows: [string, string][] = [
    ['Product', hardware.product ?? ''],
    ['Processor', joined(', ', cpu.model ?? '', cpu.architecture)],
    ['Cores', joined(', ', counted(cpu.physical_cores, 'core'), counted(cpu.logical_cores, 'thread'), cpu.usable_threads === cpu.logical_cores ? '' : `${counted(cpu.usable_threads, 'thread')} usable`)],
    ['Clock rate', joined(', ', megahertz(cpu.base_mhz), cpu.max_mhz === null ? '' : `up to ${megahertz(cpu.max_mhz)}`)],
    ['Largest caches', caches.map(([name, bytes]) => (bytes === null ? '' : `${name} ${sized(bytes)}`)).filter(Boolean).join(', ')],
    ['Memory', joined(', ', sized(memory.total_bytes), memory.usable_bytes === memory.total_bytes ? '' : `${sized(memory.usable_bytes)} usable`, memory.swap_bytes ? `${sized(memory.swap_bytes)} swap` : '')],
    ...hardware.gpus.map((gpu): [string, string] => [
      `GPU ${gpu.index}`,
      joined(', ', gpu.name ?? gpu.vendor, sized(gpu.vram_bytes), gpu.unified ? 'unified memory' : '', watts(gpu.power_limit_w), gpu.driver_version === null ? '' : `driver ${gpu.driver_version}`, gpu.ready ? '' : 'its compute driver does not respond'),
    ]),
    ['Operating system', joined(' ', os.name ?? '', os.version ?? '')],
    ['Kernel', os.kernel ?? ''],
    ['Virtualisation', hardware.virtualisation === 'none' ? '' : (hardware.virtualisation ?? '')],
    ['Runs in', environment.kind === 'native' ? '' : environment.layers.join(', ')],
    ['Power', joined(', ', environment.power.on_battery ? 'on battery' : '', environment.power.governor === null ? '' : `governor ${environment.power.governor}`, environment.power.profile ?? '')],
  ];
  return rows.filter(([, value]) => value.trim() !== '');
}

const counted = (count: number | null, what: string) => (count === null ? '' : plural(count, what));
