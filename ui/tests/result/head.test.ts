import { describe, expect, it } from 'vitest';

import { doubtOf, headOf, sized, split } from '../../src/lib/result/head';
import { sharedHosts } from '../../src/lib/result/hosts';
import { documentOf } from '../log';
import { resultOf } from '../result';

describe('the head of a result', () => {
  it('cuts central’s sentences into the pieces that are set apart, and writes none', () => {
    const result = resultOf({ q8: [172], f16: [77] }, { headline: 'small-q8 wins', winner: 'q8' });
    expect(headOf(result, new Map([['q8', 'small-q8']]))).toEqual({
      lane_id: 'q8', name: 'small-q8', rest: 'wins', margin: '2.2x', unit: 'faster',
      interval: '95 % interval 1.6 to 3.1x', detail: '172 against 77 tokens per second',
    });
  });

  it('has nobody’s colour where nobody wins', () => {
    const tie = resultOf({ a: [2], b: [1] }, { headline: 'Too close to call', winner: null, margin: null, interval: null });
    expect(headOf(tie, new Map([['a', 'lane a']]))).toMatchObject({ lane_id: null, name: '', rest: 'Too close to call', margin: '', interval: '' });
  });

  it('has the first reason to doubt apart from the others', () => {
    const reason = (text: string) => ({ code: 'x', text });
    const text = 'Confidence: low. Rounds vary by 60 %. Only 3 rounds counted.';
    expect(doubtOf({ text, reasons: [reason('Rounds vary by 60 %'), reason('Only 3 rounds counted')] })).toEqual([
      'Confidence: low. Rounds vary by 60 %.', 'Only 3 rounds counted.',
    ]);
    expect(doubtOf({ text: 'Confidence: high.', reasons: [] })).toEqual(['Confidence: high.', '']);
  });

  it('leaves the word for simulated machines to a label', () => {
    expect(split('Simulated: small-q8 wins', 'small-q8')).toEqual({ name: 'small-q8', rest: 'wins' });
    expect(split('Simulated: Too close to call', 'small-q8')).toEqual({ name: '', rest: 'Too close to call' });
  });

  it('says of what an interval is that stands without a margin', () => {
    const tie = resultOf({ a: [2], b: [1] }, { headline: 'Too close to call', winner: null, margin: null, interval: '95 % interval −1 to 2 %' });
    expect(headOf({ ...tie, runner_up: 'c' }, new Map([['c', 'lane c']]))).toMatchObject({ margin: '', unit: 'difference to lane c', interval: '95 % interval −1 to 2 %' });
  });

  it('says nothing of a second lane where there is one', () => {
    const alone = resultOf({ a: [448] }, { headline: '448 tok/s', winner: null, margin: null, interval: '95 % interval 427–469 tok/s' });
    expect(headOf(alone, new Map([['a', 'lane a']]))).toMatchObject({ lane_id: null, rest: '448 tok/s', margin: '', unit: '', interval: '95 % interval 427–469 tok/s' });
  });

  it('leaves whole what it cannot cut', () => {
    expect(split('It is over', 'small-q8')).toEqual({ name: '', rest: 'It is over' });
    expect(['12 % faster', '27.6x', '1,200x lower', 'equal'].map((text) => Object.values(sized(text)))).toEqual([
      ['12 %', 'faster'], ['27.6x', ''], ['1,200x', 'lower'], ['equal', ''],
    ]);
  });
});

describe('a computer that lanes shared', () => {
  it('is told of lanes of different machines only', () => {
    const { lanes } = documentOf(['a', 'b', 'c', 'd']);
    const machines = ['left', 'left', 'right', 'far'];
    const placed = lanes.map((lane, index) => ({ ...lane, machine_id: machines[index] ?? '' }));
    const hosts: Record<string, string | null> = { a: 'h', b: 'h', c: 'h', d: null };
    const result = resultOf({ a: [1], b: [1], c: [1], d: [1] });
    const on = result.lanes.map((lane) => ({ ...lane, host_id: hosts[lane.lane_id] ?? null }));
    expect(Object.fromEntries(sharedHosts(on, placed, {}))).toEqual({ a: ['right'], b: ['right'], c: ['left'] });
  });

  it('counts the clients and workers of a lane too', () => {
    const [a, c] = documentOf(['a', 'c']).lanes;
    if (!a || !c) throw new Error('two lanes');
    const placed = [{ ...a, machine_id: 'a', workers: ['b', 'far'] }, { ...c, machine_id: 'c' }];
    const on = resultOf({ a: [1], c: [1] }).lanes.map((lane) => ({ ...lane, host_id: 'h' }));
    const host = (host_id: string) => ({ host_id, share_host: true });
    const hosts = { a: host('h'), b: host('h'), c: host('h'), far: host('other') };
    expect(Object.fromEntries(sharedHosts(on, placed, hosts))).toEqual({ a: ['c'], c: ['a', 'b'] });
  });
});
