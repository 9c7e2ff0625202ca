import { describe, expect, it } from 'vitest';

import type { RunSpec } from '../../src/lib/api/documents';
import { againAddress } from '../../src/pages/runs/again';
import { SECTIONS, sectionOf, sectionsOf } from '../../src/pages/table';

function specIn(address: string): RunSpec {
  return JSON.parse(new URL(address, 'http://x').searchParams.get('spec') ?? 'null') as RunSpec;
}

describe('the same race once more', () => {
  it('opens the form that has its kind, for a kind of somebody else as well', () => {
    for (const section of SECTIONS) {
      for (const kind of section.kinds) expect(sectionOf(kind)).toBe(section);
    }
    expect(againAddress('hash_files', { kind: 'hash_files' })).toMatch(/^\/compute\?spec=/);
    expect(againAddress('llm_serve', { kind: 'llm_serve' })).toMatch(/^\/\?spec=/);
  });

  it('keeps the whole specification but what belongs to that one run', () => {
    const spec: RunSpec = { kind: 'llm_generate', resident: 'many', order: 'abba', salt: 's', sampling_s: 1, timeout_s: 9 };
    expect(specIn(againAddress(spec.kind, { ...spec, tags: ['t'], notes: 'n' }))).toEqual(spec);
  });
});

describe('the tabs of the header', () => {
  const tabs = (kinds: string[] | null, path = '/runs') => sectionsOf(kinds, path).map((section) => section.title);

  it('are those of the kinds that the fleet offers, and of the page that is shown', () => {
    expect(tabs(['compute'])).toEqual(['Compute']);
    expect(tabs(['txt2img', 'llm_serve'])).toEqual(['Inference', 'Images']);
    expect(tabs(['hash_files'], '/whisper')).toEqual(['Compute', 'Speech']);
  });

  it('are those with a plugin in the repository where nothing is offered', () => {
    expect([tabs(null), tabs([])]).toEqual([['Inference', 'Compute'], ['Inference', 'Compute']]);
  });
});
