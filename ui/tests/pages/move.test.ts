import { expect, it } from 'vitest';

import { move } from '../../src/pages/race/track/move';

const at = (top: number) => new DOMRect(0, top, 100, 50);
const node = document.createElement('li');

it('moves a row that is in sight before or after, and no other', () => {
  const took = (from: number, to: number, still = false) => move(node, { from: at(from), to: at(to) }, { still }).duration;
  expect(took(100, innerHeight + 500)).toBeGreaterThan(0);
  expect(took(-500, 10)).toBeGreaterThan(0);
  expect(took(innerHeight + 50, innerHeight + 500)).toBe(0);
  expect(took(-500, -100)).toBe(0);
  expect(took(100, 200, true)).toBe(0);
});
