// Written by `make docs` from benchrace/api; do not edit.

import type { MachineSettings, MachineSettingsInput } from './config';
import type { Efficiency } from './findings';
import type { Pool } from './planning';
import type { SettingsReport } from './protocol';

/**
 * One limit of a machine; `variant` is a format of weights, or a precision, else empty. `current` is the highest
 * measurement that holds, null for `reason`; `note` says that a newer run like it was slower. `history` has the
 * newest runs, oldest first.
 */
export interface CeilingAnswer {
  kind: string;
  metric: string;
  title: string;
  variant: string;
  current: CeilingPoint | null;
  reason: string | null;
  note: string | null;
  history: CeilingPoint[];
}

/** A ceiling as one run measured it; `reason` says why it no longer holds. */
export interface CeilingPoint {
  value: number;
  unit: string;
  threads: number | null;
  tier: string | null;
  at: number;
  run_id: string;
  lane_id: string;
  reason: string | null;
}

export type Condition = 'ready' | 'busy' | 'degraded' | 'offline';

/** How near a backend comes to the machine's ceilings, null where that was not measured. */
export interface EngineEfficiency {
  backend: string;
  decode: Efficiency | null;
  prefill: Efficiency | null;
}

/**
 * The ceilings of a machine. `pool` is the memory that its engines of text use. `reason` says why nothing can be
 * predicted from them, null where it can.
 */
export interface MachineCeilings {
  machine_id: string;
  pool: Pool;
  ceilings: CeilingAnswer[];
  engines: EngineEfficiency[];
  reason: string | null;
}

/**
 * `wanted` is what central wants, in `version`; a null is left to the agent. `agent` is what the agent reports
 * that it uses, and from where; null where it is not known, and `reason` says why. `applied` says that the agent
 * uses this version.
 */
export interface MachineSettingsAnswer {
  machine_id: string;
  version: number;
  wanted: MachineSettings;
  applied: boolean;
  agent: SettingsReport | null;
  reason: string | null;
  descriptions: SettingDescription[];
}

/** All settings that central wants from now on; `version` is the one that they replace. */
export interface MachineSettingsChange {
  version: number;
  settings: MachineSettingsInput;
}

export type MachineState = 'ready' | 'busy' | 'suspect' | 'lost' | 'excluded' | 'stopped';

/**
 * A setting, for a form: `kind` is `number`, `integer`, `text` or `choice`. `minimum` and `maximum` are in
 * `unit`; `default` is used where nobody sets it, null for never or none.
 */
export interface SettingDescription {
  name: string;
  title: string;
  description: string;
  kind: string;
  unit: string | null;
  minimum: number | null;
  maximum: number | null;
  choices: string[];
  default: unknown;
}
