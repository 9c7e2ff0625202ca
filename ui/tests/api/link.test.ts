import { afterEach, describe, expect, it } from 'vitest';

import { takeCode } from '../../src/pages/login/link';

describe('the code of a login link', () => {
  afterEach(() => history.replaceState(null, '', '/'));

  it('is taken once, and is gone from the address', () => {
    history.replaceState(null, '', '/runs?q=a#login=Ab_-9');
    expect(takeCode()).toBe('Ab_-9');
    expect(location.href).toMatch(/\/runs\?q=a$/);
    expect(takeCode()).toBeNull();
  });

  it.each(['', '#main', '#login=', '#login=a%20b', `#login=${'a'.repeat(129)}`])('is none in %j', (hash) => {
    history.replaceState(null, '', `/runs${hash}`);
    expect(takeCode()).toBeNull();
  });
});
