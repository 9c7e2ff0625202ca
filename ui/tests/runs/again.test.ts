import { describe, expect, it } from 'vitest';

import type { RunSpec } from '../../src/lib/api/documents';
import { againAddress } from '../../src/pages/runs/again';
import { pageOf, parted, SECTIONS, sectionOf, TABS } from '../../src/pages/table';

function specIn(address: string): RunSpec {
  return JSON.parse(new URL(address, 'http://x').searchParams.get('spec') ?? 'null') as RunSpec;
}

describe('the same race once more', () => {
  it('opens the form that has its kind, for a kind of somebody else as well', () => {
    for (const section of SECTIONS) {
      for (const kind of section.kinds) expect(sectionOf(kind)).toBe(section);
    }
    expect(againAddress('hash_files', { kind: 'hash_files' })).toMatch(/^\/compute\?spec=/);
    expect(againAddress('llm_serve', { kind: 'llm_serve' })).toMatch(/^\/inference\?spec=/);
  });

  it('keeps the whole specification but what belongs to that one run', () => {
    const spec: RunSpec = { kind: 'llm_generate', resident: 'many', order: 'abba', salt: 's', sampling_s: 1, timeout_s: 9 };
    expect(specIn(againAddress(spec.kind, { ...spec, tags: ['t'], notes: 'n', continues: 'r0' }))).toEqual(spec);
    expect(specIn(againAddress(spec.kind, spec, 'r1')).continues).toBe('r1');
  });
});

describe('the tabs of a new race', () => {
  const titles = (kinds: string[]) => parted(kinds).offered.map((section) => section.title);

  it('are those of the kinds that the fleet offers; the others are named apart', () => {
    expect(titles(['compute'])).toEqual(['Compute']);
    expect(titles(['txt2img', 'llm_serve'])).toEqual(['Language models', 'Images']);
    expect(titles(['hash_files'])).toEqual(['Compute']);
    expect(parted(['compute']).more.map((section) => section.path)).toEqual(['/inference', '/image', '/whisper']);
  });
});

describe('the addresses that people arrive with', () => {
  it.each(['/', '/inference', '/compute', '/image', '/whisper'])('%s is the page of a new race', (path) => {
    expect(pageOf(path)).toMatchObject({ title: 'New race', key: '/' });
    expect(TABS[0].paths).toContain(path);
  });

  it.each(['/fleet', '/admin'])('%s is the page of the fleet', (path) => {
    expect(pageOf(path)).toMatchObject({ title: 'Fleet', key: '/fleet' });
  });
});
