import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { trim } from '../../trim';

const UPLOT = 'node_modules/uplot/dist/uPlot.esm.js';

describe('uPlot in the page', () => {
  const transform = trim().transform as unknown as (this: { error: (text: string) => never }, code: string, id: string) => { code: string } | null;
  const context = {
    error: (text: string): never => {
      throw new Error(text);
    },
  };

  it('is built without the lines that nothing here draws, and with those that are drawn', () => {
    const code = transform.call(context, readFileSync(UPLOT, 'utf8'), `/${UPLOT}`)?.code ?? '';
    expect(code).toContain('(paths.linear  = linear);');
    expect(code).not.toMatch(/paths\.(stepped|bars|spline) /);
  });

  it('ends the build where uPlot is another one', () => {
    expect(() => transform.call(context, 'export {}', `/${UPLOT}`)).toThrow('bring trim.ts up to date');
    expect(transform.call(context, 'export {}', '/src/main.ts')).toBeNull();
  });
});
