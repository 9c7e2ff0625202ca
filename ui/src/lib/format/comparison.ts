/** How one value stands against another: as a percentage while they are close, then as a ratio. */

import { DASH, fixed, MINUS, shown, significant, type Value } from './number';

/** From here on people think in multiples: `1.5x`, not `50 %`. */
const MULTIPLE = 1.5;
const SMALLEST_PERCENT = 0.01;

/** A share of 1: `0.34 %`, `3.4 %`, `34 %`. */
export function percent(share: Value): string {
  if (!shown(share)) return DASH;
  const value = share * 100;
  const size = Math.abs(value);
  if (size > 0 && size < SMALLEST_PERCENT) return value > 0 ? `< ${SMALLEST_PERCENT} %` : `> ${MINUS}${SMALLEST_PERCENT} %`;
  // What is not the whole is never shown as all of it.
  if (size >= 99.5 && size < 100) return `${fixed(Math.sign(value) * Math.min(size, 99.9), 1)} %`;
  if (size >= 9.95 || Number.isInteger(value)) return `${fixed(value, 0)} %`;
  return size >= 0.995 ? `${fixed(value, 1).replace(/\.0$/, '')} %` : `${significant(value, 2)} %`;
}

/** A multiple: `0.36x`, `2.2x`, `27.6x`, `1,200x`. */
export function ratio(value: Value): string {
  if (!shown(value)) return DASH;
  const size = Math.abs(value);
  if (size >= 99.95 || size === 0) return `${fixed(value, 0)}x`;
  return `${size >= 0.995 ? fixed(value, 1) : significant(value, 2)}x`;
}

/** A value that was divided by its baseline: `+12 %`, `−3.4 %`, `27.6x`. */
export function change(value: Value): string {
  if (!shown(value)) return DASH;
  if (value <= 1 / MULTIPLE || value >= MULTIPLE) return ratio(value);
  if (Math.abs(value - 1) * 100 < SMALLEST_PERCENT) return '±0 %';
  return `${value > 1 ? '+' : MINUS}${percent(Math.abs(value - 1))}`;
}

/** `higher is better`; empty of a metric that ranks nothing. */
export function directionText(better: string): string {
  return better === 'none' ? '' : `${better} is better`;
}
