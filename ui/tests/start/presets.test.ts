import { expect, it } from 'vitest';

import { fields } from '../../src/lib/schema/schema';
import { emptyDraft } from '../../src/lib/spec/draft';
import { applies, choosePreset, presetGroups } from '../../src/pages/start/presets';

const IMAGES = { small: { width: 512, height: 512 }, large: { width: 1024, height: 1024 }, few: { steps: 4, cfg: 1 }, '20-steps': { steps: 20 } };
const FIELDS = fields({
  properties: {
    width: { type: 'integer', default: 512 },
    height: { type: 'integer', default: 512 },
    steps: { type: 'integer', title: 'Steps', default: 20 },
    cfg: { type: 'number', default: 7 },
  },
});

it('groups presets by what they set', () => {
  expect(presetGroups(IMAGES, FIELDS)).toEqual([
    { title: 'Size', names: ['small', 'large'] },
    { title: 'Steps', names: ['few', '20-steps'] },
  ]);
  expect(presetGroups({ tale: { prompt: 'a' }, poem: { prompt: 'b', max_tokens: 9 } }, [])).toEqual([{ title: 'Samples', names: ['tale', 'poem'] }]);
});

it('combines one of each group, and takes back what the other one of its group has set', () => {
  const draft = emptyDraft('txt2img');
  const [size, steps] = presetGroups(IMAGES, FIELDS);
  if (!size || !steps) throw new Error('two groups');
  choosePreset(draft, IMAGES, size, 'large');
  choosePreset(draft, IMAGES, steps, 'few');
  expect(draft.params).toEqual({ width: '1024', height: '1024', steps: '4', cfg: '1' });
  choosePreset(draft, IMAGES, steps, '20-steps');
  expect(draft.params).toEqual({ width: '1024', height: '1024', steps: '20' });
  expect(applies(draft, FIELDS, IMAGES, 'large')).toBe(true);
  expect(applies(draft, FIELDS, IMAGES, 'few')).toBe(false);
});

it('shows as chosen what holds by default, and keeps a preset that a link brought', () => {
  const draft = emptyDraft('txt2img');
  expect(applies(draft, FIELDS, IMAGES, 'small')).toBe(true);
  draft.preset = 'large';
  expect(applies(draft, FIELDS, IMAGES, 'small')).toBe(false);
  choosePreset(draft, IMAGES, { title: 'Steps', names: ['few', '20-steps'] }, 'few');
  expect(draft).toMatchObject({ preset: '', params: { width: '1024', height: '1024', steps: '4' } });
});
