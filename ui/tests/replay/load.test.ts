import { afterEach, describe, expect, it, vi } from 'vitest';

import { load } from '../../src/pages/replay/load';

const LINE = '{"type":"log","payload":{"message":"naïve – 漢字"}}';

function central(bytes: Uint8Array, piece: number): void {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + piece));
      at += piece;
    },
  });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body)));
}

describe('load', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it.each([7, 1_000, 1_000_000])('gives whole lines of a log that comes in pieces of %i bytes', async (piece) => {
    const count = piece < 100 ? 20 : 8_000;
    const raw = '{"type":"chunks","payload":{}}';
    const bytes = new TextEncoder().encode(`${LINE}\n${raw}\n`.repeat(count));
    central(bytes, piece);
    const lines: string[] = [];
    let got = 0;
    const whole = await load('run1', new AbortController().signal, (more, now) => {
      lines.push(...more);
      got = now;
    });
    expect(whole).toBe(true);
    expect(got).toBe(bytes.length);
    expect(lines).toHaveLength(count);
    expect(new Set(lines)).toEqual(new Set([LINE]));
  });
});
