/** Presets as the form offers them. Those that set different parameters combine: a size with a number of steps. */

import type { Field } from '../../lib/schema/schema';
import { showValue } from '../../lib/schema/value';
import type { Draft } from '../../lib/spec/draft';

export type Presets = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface PresetGroup {
  title: string;
  names: string[];
}

const SAMPLES = 'Samples';
const SIZES = ['width', 'height'];

/** The presets in groups of which one each applies; a workload with a single group has them as they are. */
export function presetGroups(presets: Presets, fields: readonly Field[]): PresetGroup[] {
  const groups: { keys: Set<string>; names: string[] }[] = [];
  for (const [name, values] of Object.entries(presets)) {
    const keys = Object.keys(values);
    const group = groups.find((other) => keys.some((key) => other.keys.has(key)));
    if (group) {
      group.names.push(name);
      for (const key of keys) group.keys.add(key);
    } else groups.push({ keys: new Set(keys), names: [name] });
  }
  const single = groups.length < 2;
  return groups.map(({ keys, names }) => ({ title: single ? (keys.has('prompt') ? SAMPLES : 'Presets') : titleOf(keys, fields), names }));
}

function titleOf(keys: ReadonlySet<string>, fields: readonly Field[]): string {
  if (SIZES.every((key) => keys.has(key))) return 'Size';
  return fields.find((field) => keys.has(field.name))?.title ?? 'Presets';
}

/** Whether a preset is what the form says, chosen or typed. */
export function applies(draft: Draft, fields: readonly Field[], presets: Presets, name: string): boolean {
  if (draft.preset === name) return true;
  const chosen = presets[draft.preset] ?? {};
  return Object.entries(presets[name] ?? {}).every(([key, value]) => {
    const below = key in chosen ? chosen[key] : fields.find((field) => field.name === key)?.fallback;
    return (draft.params[key] || showValue(below)) === showValue(value);
  });
}

/** Choose one of a group: its values are typed into the form, beside those of the other groups. */
export function choosePreset(draft: Draft, presets: Presets, group: PresetGroup, name: string): void {
  type(draft, presets[draft.preset] ?? {});
  draft.preset = '';
  for (const key of group.names.flatMap((other) => Object.keys(presets[other] ?? {}))) delete draft.params[key];
  type(draft, presets[name] ?? {});
}

function type(draft: Draft, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values)) draft.params[key] ||= showValue(value);
}
