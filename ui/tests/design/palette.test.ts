import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { COLOURS } from '../../src/components/lane_colour';
import { laneDash, laneShape } from '../../src/components/lane_mark';

type Triple = [number, number, number];

/** CIE76; neighbours stand side by side, and colours further apart have their numbers. */
const NEIGHBOURS = 30;
const ANY = 15;
/** WCAG 2.2, 1.4.11: what is drawn, against what it is drawn on. */
const CONTRAST = 3;

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB. */
const VISION: Record<string, [Triple, Triple, Triple]> = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

const TOKENS = readFileSync('src/design/tokens.css', 'utf8');
const dot = (one: Triple, other: Triple) => one[0] * other[0] + one[1] * other[1] + one[2] * other[2];

function token(name: string, theme: 'light' | 'dark'): Triple {
  const [, light = '', dark = ''] = new RegExp(`--${name}: light-dark\\(#(\\w{6}), #(\\w{6})\\)`).exec(TOKENS) ?? [];
  const hex = theme === 'light' ? light : dark;
  if (hex === '') throw new Error(`no --${name}`);
  const linear = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [linear(0), linear(2), linear(4)];
}

function lab(rgb: Triple): Triple {
  const f = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
  const x = f(dot([0.4124564, 0.3575761, 0.1804375], rgb) / 0.95047);
  const y = f(luminance(rgb));
  const z = f(dot([0.0193339, 0.119192, 0.9503041], rgb) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const luminance = (rgb: Triple) => dot([0.2126729, 0.7151522, 0.072175], rgb);

function seen(rgb: Triple, vision: string): Triple {
  const rows = VISION[vision];
  if (rows === undefined) throw new Error(vision);
  const clipped = (row: Triple) => Math.min(1, Math.max(0, dot(row, rgb)));
  return lab([clipped(rows[0]), clipped(rows[1]), clipped(rows[2])]);
}

const distance = (one: Triple, other: Triple) => Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);

describe.each(['light', 'dark'] as const)('the colours of lanes, %s', (theme) => {
  const lanes = Array.from({ length: COLOURS }, (_, index) => token(`lane-${index}`, theme));

  it.each(Object.keys(VISION))('are told apart with %s', (vision) => {
    const colours = lanes.map((lane) => seen(lane, vision));
    for (const [at, one] of colours.entries()) {
      for (const [other, two] of colours.entries()) {
        if (other <= at) continue;
        const beside = other === at + 1 || other - at === COLOURS - 1;
        expect(distance(one, two), `lanes ${at + 1} and ${other + 1}`).toBeGreaterThan(beside ? NEIGHBOURS : ANY);
      }
    }
  });

  it.each(['paper', 'surface', 'sunk', 'raised'])('stand out from --%s', (name) => {
    const ground = luminance(token(name, theme));
    for (const lane of lanes.map(luminance)) {
      expect((Math.max(lane, ground) + 0.05) / (Math.min(lane, ground) + 0.05)).toBeGreaterThan(CONTRAST);
    }
  });
});

describe('lanes that share a colour', () => {
  it('differ in their dashes, and in the shape of their dots', () => {
    for (let index = COLOURS; index < 3 * COLOURS; index += 1) {
      expect(laneDash(index), `lane ${index + 1}`).not.toEqual(laneDash(index - COLOURS));
      expect(laneShape(index), `lane ${index + 1}`).not.toEqual(laneShape(index - COLOURS));
    }
  });

  it('have solid lines and round dots while there are few', () => {
    expect([0, 5].map((index) => [laneDash(index), laneShape(index).round])).toEqual([[null, '50%'], [null, '50%']]);
  });
});
