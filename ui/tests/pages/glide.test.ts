import { expect, it, vi } from 'vitest';

import { Glide } from '../../src/pages/race/track/glide';

const HEIGHT = 50;

/** Rows that stand where `tops` says by now, and what was done with them in order. */
function rows(tops: number[]) {
  const did: string[] = [];
  const glide = new Glide();
  const elements = tops.map((_, index) => {
    const element = document.createElement('li');
    element.getBoundingClientRect = () => {
      did.push(`measured ${index}`);
      return new DOMRect(0, tops[index], 100, HEIGHT);
    };
    element.animate = vi.fn((frames) => {
      did.push(`moved ${index} ${(frames as Keyframe[])[0]!.transform as string}`);
      return { cancel: () => did.push(`stopped ${index}`) } as unknown as Animation;
    });
    return { element, remove: glide.row(element) as () => void };
  });
  const moved = () => did.splice(0).filter((what) => !what.startsWith('measured'));
  return { tops, glide, elements, did, moved };
}

it('moves each row from where it was, and measures all before it moves one', () => {
  const { tops, glide, did } = rows([0, 50, 100]);
  glide.start();
  tops.splice(0, 3, 50, 0, 100);
  did.length = 0;
  glide.go();
  expect(did).toEqual(['measured 0', 'measured 1', 'measured 2', 'moved 0 translateY(-50px)', 'moved 1 translateY(50px)']);
});

it('moves a row that is in sight before or after, and no other', () => {
  const far = innerHeight + 500;
  const { tops, glide, moved } = rows([100, -500, innerHeight + 50, -500]);
  glide.start();
  tops.splice(0, 4, far, 10, far, -100);
  glide.go();
  expect(moved().map((what) => what.slice(0, 7))).toEqual(['moved 0', 'moved 1']);
});

it('takes a row on from where it is by now', () => {
  const { tops, glide, moved } = rows([0, 50]);
  glide.start();
  tops.splice(0, 2, 50, 0);
  glide.go();
  moved();
  tops.splice(0, 2, 20, 30); // half way
  glide.start();
  tops.splice(0, 2, 0, 50);
  glide.go();
  expect(moved()).toEqual(['stopped 0', 'stopped 1', 'moved 0 translateY(20px)', 'moved 1 translateY(-20px)']);
});

it('moves none that was not measured, and none that is gone', () => {
  const { tops, glide, elements, moved } = rows([0, 50]);
  tops.splice(0, 2, 50, 0);
  glide.go();
  glide.start();
  elements[0]!.remove();
  tops.splice(0, 2, 100, 50);
  glide.go();
  expect(moved()).toEqual(['moved 1 translateY(-50px)']);
});
