import { expect, it } from 'vitest';

import { countdown } from '../../src/lib/format/countdown';

it('runs down to nothing, rounded up, and promises nothing that is not known', () => {
  expect([400, 12_000, 59_500, 600_000, 3_725_000].map(countdown)).toEqual(['~0:01', '~0:12', '~1:00', '~10:00', '~1:02:05']);
  expect([-5, 0, null, Infinity].map(countdown)).toEqual(['~0:00', '~0:00', '–', '–']);
});
