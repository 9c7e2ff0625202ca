import { describe, expect, it } from 'vitest';

import { fields, type Field, type Schema } from '../../src/lib/schema/schema';
import { parseNumber, range, readValue, showValue } from '../../src/lib/schema/value';

const SCHEMA: Schema = {
  type: 'object',
  order: ['algorithm', 'n'],
  properties: {
    n: { title: 'N', type: 'integer', minimum: 1, maximum: 1e13, default: 50_000_000 },
    algorithm: { enum: ['fast', 'slow'], type: 'string', default: 'fast' },
    prompt: { $ref: '#/$defs/Prompt' },
    seed: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }], default: null },
    stream: { type: 'boolean', default: true },
    interval_s: { type: 'number', exclusiveMinimum: 0 },
    stops: { type: 'array', items: { type: 'string' } },
  },
  required: ['prompt'],
  $defs: { Prompt: { type: 'string', description: 'What is asked.', maxLength: 100_000 } },
};

function named(name: string): Field {
  const found = fields(SCHEMA).find((each) => each.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

describe('fields', () => {
  it('take a document that may be named as text in several lines', () => {
    const either = { anyOf: [{ type: 'string' }, { type: 'object' }], default: '' };
    const types = fields({ properties: { workflow: { ...either, multiline: true }, other: either } }).map((own) => own.type);
    expect(types).toEqual(['long', 'json']);
  });

  it('come in the order that the schema names, then the others', () => {
    expect(fields(SCHEMA).map((each) => each.name)).toEqual([
      'algorithm', 'n', 'prompt', 'seed', 'stream', 'interval_s', 'stops',
    ]);
  });

  it('know their type, range, help and unit', () => {
    expect(fields(SCHEMA).map((each) => each.type)).toEqual([
      'choice', 'integer', 'long', 'integer', 'boolean', 'number', 'json',
    ]);
    expect(named('prompt')).toMatchObject({ help: 'What is asked.', required: true, title: 'Prompt' });
    expect(named('seed')).toMatchObject({ nullable: true, minimum: 0 });
    expect(named('interval_s')).toMatchObject({ unit: 's', title: 'Interval s' });
    expect(range(named('n'))).toBe('1 to 10T');
    expect(range(named('interval_s'))).toBe('more than 0');
  });

  it('stand a schema that refers to itself', () => {
    const endless: Schema = { properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: { $ref: '#/$defs/A' } } };
    expect(fields(endless)).toHaveLength(1);
  });
});

describe('values', () => {
  it.each([
    ['50M', 50_000_000],
    ['1.1M', 1_100_000],
    ['2k', 2_000],
    ['1e9', 1e9],
    ['10_000', 10_000],
    ['-3.5', -3.5],
    ['x', null],
    ['1__0', null],
    ['', null],
  ])('reads %s', (text, value) => expect(parseNumber(text)).toBe(value));

  it('are held to range and type, in words', () => {
    expect(readValue(named('n'), '0', null)).toEqual({ ok: false, message: 'must be 1 to 10T' });
    expect(readValue(named('n'), '1.5', null)).toEqual({ ok: false, message: 'enter a whole number' });
    expect(readValue(named('interval_s'), '0', null)).toMatchObject({ ok: false });
    expect(readValue(named('algorithm'), 'none', null)).toEqual({ ok: false, message: 'choose one of fast, slow' });
    expect(readValue(named('stops'), '["a"]', null)).toEqual({ ok: true, value: ['a'] });
    expect(readValue(named('n'), ' ', null)).toEqual({ ok: true, value: undefined });
  });

  it('take auto only where it means something', () => {
    expect(readValue(named('n'), 'auto', 'n')).toEqual({ ok: true, value: 'auto' });
    expect(readValue(named('n'), 'auto', null)).toMatchObject({ ok: false });
  });

  it.each([50_000_000, 1_234_567, 0.25, 2e12, -7, 123_400_000])('show %s so that it reads the same', (value) => {
    expect(parseNumber(showValue(value))).toBe(value);
  });
});
