import { expect, it } from 'vitest';

import { asSentence, capital, fieldLabel } from '../../src/lib/format/sentence';

it('ends a message once', () => {
  expect(['it broke', 'it broke.', 'is it off? ', 'stop!'].map(asSentence)).toEqual([
    'It broke.',
    'It broke.',
    'Is it off?',
    'Stop!',
  ]);
});

it('leaves names as they are written', () => {
  const names = ['llama-server ended', 'lanes[0].n: is too large', 'box_2 is gone', 'vLLM is off', 'http://x is no server'];
  expect(names.map(capital)).toEqual(names);
  expect(['no server', 'lane, too', "it's off", 'gone: why'].map(capital)).toEqual(['No server', 'Lane, too', "It's off", 'gone: why']);
});

it('says where a field is as people count', () => {
  const paths = ['lanes[1].params.num_ctx', 'lane-2.params.threads', 'lanes[0]', 'params.n', 'rounds', 'lanes', 'lanes[0].workers[1]'];
  expect(paths.map(fieldLabel)).toEqual(['Lane 2, num ctx', 'Lane 3, threads', 'Lane 1', 'N', 'Rounds', 'Lanes', 'Lane 1, worker 2']);
});
