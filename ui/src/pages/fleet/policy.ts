/** The model policy as text to edit: one name a line, and back. */

import type { FieldError } from '../../lib/events/types';
import type { Group, Policy } from '../../lib/api/engines';

export const GROUPS: readonly { key: keyof Group; title: string }[] = [
  { key: 'llm', title: 'Language models' },
  { key: 'whisper', title: 'Speech models' },
  { key: 'sdxl_profiles', title: 'Image profiles' },
];
export const PARTS: readonly { key: keyof Policy; title: string }[] = [
  { key: 'required', title: 'Required' },
  { key: 'optional', title: 'Optional' },
];

/** By path, as central names them: `required.llm`. */
export type Texts = Record<string, string>;

export function textsOf(policy: Policy): Texts {
  const texts: Texts = {};
  for (const part of PARTS) {
    for (const group of GROUPS) texts[`${part.key}.${group.key}`] = policy[part.key][group.key].join('\n');
  }
  return texts;
}

export function policyOf(texts: Texts): Policy {
  const names = (path: string) =>
    (texts[path] ?? '').split(/[\n,]/).map((name) => name.trim()).filter((name) => name !== '');
  const group = (part: keyof Policy): Group => ({
    llm: names(`${part}.llm`),
    whisper: names(`${part}.whisper`),
    sdxl_profiles: names(`${part}.sdxl_profiles`),
  });
  return { required: group('required'), optional: group('optional') };
}

/** What central says of one list: `required.llm[2]` is of `required.llm`, and names its third. */
export function errorsOf(fields: FieldError[], path: string, texts: Texts): string[] {
  const [part, key] = path.split('.') as [keyof Policy, keyof Group];
  const names = policyOf(texts)[part][key];
  return fields
    .filter((field) => field.path === path || field.path.startsWith(`${path}[`))
    .map((field) => {
      const index = /\[(\d+)\]/.exec(field.path)?.[1];
      const name = index === undefined ? undefined : names[Number(index)];
      return `${field.path}${name === undefined ? '' : ` (${name})`}: ${field.message}`;
    });
}
