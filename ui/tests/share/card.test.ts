import { afterEach, describe, expect, it, vi } from 'vitest';

import { canCopyImages, cardAddress, copyImage, SIZES } from '../../src/pages/race/share/card';

afterEach(() => vi.unstubAllGlobals());

describe('the card of a run', () => {
  it('is fetched by the run, its shape and its theme', () => {
    expect(cardAddress('a/b', 'square', 'dark')).toBe('/api/runs/a%2Fb/card.svg?shape=square&theme=dark');
  });

  it('has the sizes that central draws', () => {
    expect(SIZES).toEqual({ wide: [1200, 630], square: [1080, 1080] });
  });

  it('is copied only where the browser can', () => {
    vi.stubGlobal('ClipboardItem', undefined);
    expect(canCopyImages()).toBe(false);
    vi.stubGlobal('ClipboardItem', class {});
    vi.stubGlobal('navigator', { clipboard: { write: () => Promise.resolve() } });
    expect(canCopyImages()).toBe(true);
    vi.stubGlobal('navigator', {});
    expect(canCopyImages()).toBe(false);
  });

  it('is promised to the clipboard before it is drawn', async () => {
    const written: unknown[] = [];
    class Item {
      constructor(readonly parts: Record<string, Promise<Blob>>) {}
    }
    vi.stubGlobal('ClipboardItem', Item);
    vi.stubGlobal('navigator', { clipboard: { write: (items: unknown[]) => Promise.resolve(void written.push(...items)) } });
    const png = Promise.resolve(new Blob(['x'], { type: 'image/png' }));
    await copyImage(png);
    expect(written).toHaveLength(1);
    expect((written[0] as Item).parts['image/png']).toBe(png);
  });
});
