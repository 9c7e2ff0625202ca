import { expect, it } from 'vitest';

import type { MachineSettingsAnswer, SettingDescription } from '../../src/lib/api/admin';
import { errorOf, settingsOf, stateText, textsOf, usedText } from '../../src/pages/machine/settings';

const description = (name: string, kind: string, unit: string | null = null) => ({ name, kind, unit, title: name, description: '', choices: [] }) as unknown as SettingDescription;
const DESCRIPTIONS = [description('sampling_s', 'number', 's'), description('keep_jobs', 'integer'), description('after_run', 'choice'), description('models_dir', 'text')];
const answer = (changes: Partial<MachineSettingsAnswer> = {}) =>
  ({
    wanted: { sampling_s: 0.5, keep_jobs: null, after_run: 'stop', models_dir: null },
    descriptions: DESCRIPTIONS,
    applied: true,
    reason: null,
    agent: { used: { sampling_s: { value: 1, source: 'agent.yaml' }, models_dir: { value: null, source: 'default' } }, waiting: null },
    ...changes,
  }) as unknown as MachineSettingsAnswer;

it('what central wants is the same after it was text', () => {
  expect(settingsOf(textsOf(answer()), DESCRIPTIONS)).toEqual(answer().wanted);
});

it('a number that is none is for central to refuse', () => {
  expect(settingsOf({ sampling_s: 'often', keep_jobs: ' 5 ', after_run: '' }, DESCRIPTIONS)).toEqual({ sampling_s: 'often', keep_jobs: 5, after_run: null, models_dir: null });
  expect(errorOf([{ path: 'settings.keep_jobs', message: 'too small' }], 'keep_jobs')).toBe('too small');
});

it('says what the agent uses, and whether that is what central wants', () => {
  const words = DESCRIPTIONS.map((setting) => usedText(answer(), setting));
  expect(words).toEqual(['In use: 1 s, from agent.yaml, which overrides central', '', '', 'In use: none, the default']);
  expect(stateText(answer({ reason: 'the machine is not linked' }))).toBe('Not known: the machine is not linked');
  expect(stateText(answer({ applied: false }))).toContain('has not applied');
});
