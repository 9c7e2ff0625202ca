/** Leaves out of uPlot how it draws what no chart here has: steps, bars and splines are a twelfth of it. */

import type { Plugin } from 'vite';

const FILE = '/uplot/dist/uPlot.esm.js';
/** Each hangs a function on the class, which keeps the bundler from leaving it out. */
const UNUSED = ['(paths.stepped = stepped);', '(paths.bars    = bars);', '(paths.spline  = monotoneCubic);'];

export function trim(): Plugin {
  return {
    name: 'trim',
    apply: 'build',
    transform(code, id) {
      if (!id.endsWith(FILE)) return null;
      const missing = UNUSED.filter((line) => !code.includes(line));
      if (missing.length > 0) this.error(`uPlot has changed: bring trim.ts up to date, which looks for ${missing.join(' ')}`);
      return { code: UNUSED.reduce((rest, line) => rest.replace(line, ''), code), map: null };
    },
  };
}
