/** What a race ran on, as plain text for a post or an issue: one paragraph a machine. */

import type { RunDocument } from '../api/documents';
import { joined, sized, watts, type SeenHardware } from '../format/hardware';
import { plural } from '../format/number';
import type { Facts } from '../race/facts';
import { machinesOf } from '../race/machines';

type Machine = NonNullable<RunDocument['machines'][string]>;

export function testSystem(run: Pick<RunDocument, 'lanes' | 'machines' | 'version'>, facts: Readonly<Record<string, Facts | undefined>>): string {
  const ids = machinesOf(run.lanes);
  const machines = ids.map((id) => {
    const lanes = run.lanes.filter((lane) => lane.machine_id === id);
    const engines = lanes.flatMap((lane) => facts[lane.lane_id] ?? []).map(engine);
    return paragraph(id, run.machines[id], [...new Set(engines)]);
  });
  return [`Test system (benchrace ${run.version})`, ...machines].join('\n\n');
}

/** `llama-server b1234: small Q8_0`. */
function engine({ engine, version, model, quantization }: Facts): string {
  const name = [engine, version].filter(Boolean).join(' ');
  const loaded = [model, quantization && !model.toLowerCase().includes(quantization.toLowerCase()) ? quantization : ''].filter(Boolean).join(' ');
  return loaded === '' ? name : `${name}: ${loaded}`;
}

function paragraph(id: string, machine: Machine | undefined, engines: string[]): string {
  const label = machine?.label && machine.label !== id ? `${id} (${machine.label})` : id;
  const lines = facts(machine?.hardware ?? {}, machine?.version ?? '');
  for (const text of engines) lines.push(['Engine', text]);
  return [label, ...lines.filter(([, text]) => text !== '').map(([what, text]) => `  ${what}: ${text}`)].join('\n');
}

function facts({ cpu, memory, gpus, os, virtualisation }: SeenHardware, agent: string): [string, string][] {
  const cores = cpu?.physical_cores == null ? '' : plural(cpu.physical_cores, 'core');
  const threads = cpu?.logical_cores == null ? '' : plural(cpu.logical_cores, 'thread');
  const usable = cpu?.usable_threads != null && cpu.usable_threads !== cpu.logical_cores ? `${cpu.usable_threads} usable` : '';
  return [
    ['CPU', joined(', ', cpu?.model ?? cpu?.architecture ?? '', cores, threads, usable)],
    ['Memory', sized(memory?.total_bytes)],
    ...(gpus ?? []).map(({ name, vram_bytes, driver_version, power_limit_w }): [string, string] => [
      'GPU',
      joined(
        ', ',
        name ?? 'unknown',
        sized(vram_bytes),
        driver_version == null ? '' : `driver ${driver_version}`,
        power_limit_w == null ? '' : `power limit ${watts(power_limit_w)}`,
      ),
    ]),
    ['OS', joined(', ', joined(' ', os?.name ?? '', os?.version ?? ''), os?.kernel == null ? '' : `kernel ${os.kernel}`)],
    ['Virtualisation', virtualisation == null || virtualisation === 'none' ? '' : virtualisation],
    ['Agent', agent],
  ];
}
