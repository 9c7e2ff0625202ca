import { expect, it } from 'vitest';

import { asSentence } from '../../src/lib/format/sentence';

it('ends a message once', () => {
  expect(['it broke', 'it broke.', 'is it off? ', 'stop!'].map(asSentence)).toEqual([
    'it broke.',
    'it broke.',
    'is it off?',
    'stop!',
  ]);
});
