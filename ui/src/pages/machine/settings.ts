/** The settings of a machine as a form: texts as typed, and back to what central stores. */

import type { MachineSettingsAnswer, SettingDescription } from '../../lib/api/admin';
import type { MachineSettingsInput } from '../../lib/api/generated';
import type { FieldError } from '../../lib/events/types';

/** By the name of the setting; an empty one leaves the choice to the agent. */
export type Texts = Record<string, string>;

export function textsOf({ wanted, descriptions }: MachineSettingsAnswer): Texts {
  const values = wanted as unknown as Record<string, unknown>;
  return Object.fromEntries(descriptions.map(({ name }) => [name, shown(values[name])]));
}

/** A number that is none is sent as it was typed: central says what is wrong with it. */
export function settingsOf(texts: Texts, descriptions: readonly SettingDescription[]): MachineSettingsInput {
  const value = ({ name, kind }: SettingDescription) => {
    const text = (texts[name] ?? '').trim();
    if (text === '') return null;
    return (kind === 'number' || kind === 'integer') && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  return Object.fromEntries(descriptions.map((description) => [description.name, value(description)]));
}

/** `0.5 s, from agent.yaml, which overrides central`: what the agent uses now, and from where. */
export function usedText({ agent }: MachineSettingsAnswer, { name, unit }: SettingDescription): string {
  const used = agent?.used[name];
  if (used === undefined) return '';
  const value = used.value === null ? 'none' : [shown(used.value), unit ?? ''].filter(Boolean).join(' ');
  const from = { 'agent.yaml': 'from agent.yaml, which overrides central', central: 'from central', default: 'the default' }[used.source];
  return `In use: ${value}, ${from}`;
}

export function errorOf(fields: readonly FieldError[], name: string): string {
  return fields.find(({ path }) => path === name || path.endsWith(`.${name}`))?.message ?? '';
}

/** Whether the agent uses what central wants, in words. */
export function stateText({ applied, agent, reason }: MachineSettingsAnswer): string {
  if (reason) return `Not known: ${reason}`;
  if (agent?.waiting) return `Not applied yet: ${agent.waiting}`;
  return applied ? 'The agent uses these settings' : 'The agent has not applied these settings yet';
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
