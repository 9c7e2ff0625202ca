import { describe, expect, it } from 'vitest';

import { errorsOf, policyOf, textsOf } from '../../src/pages/fleet/policy';
import { lacks } from '../../src/pages/start/text/missing';
import type { Machine } from '../../src/lib/api/documents';

const NONE = { llm: [], whisper: [], sdxl_profiles: [] };
const POLICY = { required: { ...NONE, llm: ['a:1', 'b'] }, optional: { ...NONE, whisper: ['base'] } };

describe('the model policy', () => {
  it('is the same after it was text', () => {
    expect(policyOf(textsOf(POLICY))).toEqual(POLICY);
  });

  it('takes names by line or comma, and leaves out what is empty', () => {
    expect(policyOf({ 'required.llm': ' a , b\n\n c\n' }).required.llm).toEqual(['a', 'b', 'c']);
  });

  it('says what is wrong by path, beside the list that has it', () => {
    const fields = [{ path: 'required.llm[1]', message: 'no model id' }, { path: 'optional.llm', message: 'twice' }];
    const texts = textsOf(POLICY);
    expect(errorsOf(fields, 'required.llm', texts)).toEqual(['required.llm[1] (b): no model id']);
    expect(errorsOf(fields, 'optional.llm', texts)).toEqual(['optional.llm: twice']);
    expect(errorsOf(fields, 'required.whisper', texts)).toEqual([]);
  });
});

describe('what machines lack', () => {
  const backend = (operations: string[]) => ({ name: 'e', reachable: true, workloads: [{ kind: 'text' }], operations });
  const machine = (id: string, operations: string[], missing: Machine['missing']) =>
    ({ machine_id: id, label: id, backends: [backend(operations)], missing }) as unknown as Machine;

  it('is of their kind, with who can bring it', () => {
    const fleet = [
      machine('1', ['pull'], { required: ['a', 'base'], optional: ['b'] }),
      machine('2', [], { required: ['a'], optional: [] }),
      machine('3', ['pull'], null),
    ];
    const found = lacks(fleet, 'text', { ...NONE, llm: ['a', 'b'] });
    expect(found.map((each) => [each.machine.machine_id, each.model, each.required, each.puller])).toEqual([
      ['1', 'a', true, 'e'],
      ['1', 'b', false, 'e'],
      ['2', 'a', true, null],
    ]);
    expect(lacks(fleet, 'image', null)).toEqual([]);
  });
});
