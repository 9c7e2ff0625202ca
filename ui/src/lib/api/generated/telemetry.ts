// Written by `make docs` from benchrace/api; do not edit.

export type AcceleratorType = 'cuda' | 'rocm' | 'metal' | 'cpu';

/** The largest cache of each level, one of it (not the sum over cores), in bytes. */
export interface Caches {
  l1d_bytes: number | null;
  l2_bytes: number | null;
  l3_bytes: number | null;
}

/** The cores of one kind, on a processor that has two. */
export interface CoreGroup {
  kind: CoreKind;
  model: string | null;
  physical_cores: number | null;
  logical_cores: number | null;
  max_mhz: number | null;
}

export type CoreKind = 'performance' | 'efficiency';

/** `usable_threads` is what affinity and the cgroup's quota leave to this process. */
export interface Cpu {
  model: string | null;
  vendor: string | null;
  architecture: string;
  physical_cores: number | null;
  logical_cores: number | null;
  usable_threads: number | null;
  base_mhz: number | null;
  max_mhz: number | null;
  caches: Caches;
  features: string[];
  core_groups: CoreGroup[];
}

/**
 * `kind` is the innermost of `layers` (outermost first: a container on a DGX Spark has two). `cpu_quota` (in
 * processors) and `memory_limit_bytes` are the control group's; null is none.
 */
export interface Environment {
  kind: EnvironmentKind;
  layers: EnvironmentKind[];
  container_runtime: string | null;
  virtualisation: Virtualisation | null;
  cpu_quota: number | null;
  memory_limit_bytes: number | null;
  power: Power;
  problems: MachineProblem[];
  notes: string[];
}

export type EnvironmentKind = 'native' | 'container' | 'wsl2' | 'dgx_spark';

/**
 * A GPU; where `unified`, it works in system memory and `vram_bytes` is null. `memory_bytes` is what it may
 * fill: its own memory, or the system's where unified. `power_limit_w` is what its driver keeps it to. `ready`
 * says that its compute driver answers.
 */
export interface Gpu {
  index: number;
  kind: GpuKind;
  vendor: string;
  name: string | null;
  uuid: string | null;
  vram_bytes: number | null;
  memory_bytes: number | null;
  unified: boolean;
  compute_capability: string | null;
  driver_version: string | null;
  power_limit_w: number | null;
  ready: boolean;
}

export type GpuKind = 'nvidia' | 'amd' | 'apple' | 'intel';

/**
 * One machine. `notes`: `path: reason`; `overridden`: paths that the configuration set. `accelerator_memory_gb`
 * is in GiB, over all GPUs of the accelerator's kind that have their own memory; where none has, it is the
 * system's.
 */
export interface Hardware {
  product: string | null;
  cpu: Cpu;
  memory: Memory;
  gpus: Gpu[];
  accelerator_type: AcceleratorType;
  accelerator_memory_gb: number | null;
  os: OperatingSystem;
  virtualisation: Virtualisation | null;
  notes: string[];
  overridden: string[];
}

/** One finding: `message` says what was seen, `remedy` what to do. */
export interface MachineProblem {
  code: ProblemCode;
  message: string;
  remedy: string;
}

/** `usable_bytes` is the total, or the cgroup's limit where that is less. */
export interface Memory {
  total_bytes: number | null;
  usable_bytes: number | null;
  swap_bytes: number | null;
}

export interface OperatingSystem {
  name: string | null;
  version: string | null;
  kernel: string | null;
}

/**
 * `preference` steers drivers that clock by themselves; `profile` is the firmware's. `thermal_c` is the hottest
 * zone's (or the processor's), `thermal_limit_c` that zone's limit; `undervolted` and `throttled` are what a
 * Raspberry Pi reports of now.
 */
export interface Power {
  on_battery: boolean | null;
  source: string | null;
  battery_percent: number | null;
  driver: string | null;
  governor: string | null;
  preference: string | null;
  profile: string | null;
  turbo: boolean | null;
  low_power_mode: boolean | null;
  thermal_c: number | null;
  thermal_limit_c: number | null;
  undervolted: boolean | null;
  throttled: boolean | null;
}

export type ProblemCode = 'governor' | 'on_battery' | 'low_power_mode' | 'turbo_off' | 'hot' | 'undervolted' | 'throttled' | 'cpu_quota' | 'gpu_not_ready' | 'translated';

export type Virtualisation = 'none' | 'kvm' | 'vmware' | 'virtualbox' | 'hyperv' | 'xen' | 'parallels' | 'apple' | 'other';
