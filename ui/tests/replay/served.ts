/** A central of one stored log: it serves parts of it, and fails where it is told to. */

import { vi } from 'vitest';

const encoder = new TextEncoder();

export class Served {
  /** What was asked for, as `from-until`. */
  readonly asked: string[] = [];
  /** After so many bytes of an answer the connection breaks, once for each entry. */
  breaks: number[] = [];
  /** After so many bytes of the log an answer ends as if that were all. */
  torn = Infinity;
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(text: string, private readonly piece = 1000) {
    this.bytes = encoder.encode(text);
    vi.stubGlobal('fetch', (path: string) => Promise.resolve(this.answer(new URL(path, 'http://central'))));
  }

  private answer({ searchParams }: URL): Response {
    const place = (name: string) => searchParams.get(name)?.replace(/^\d+-/, '');
    const from = Number(place('after') ?? 0);
    const until = Math.min(Number(place('until') ?? this.bytes.length), this.torn);
    this.asked.push(`${from}-${place('until') ?? ''}`);
    const stop = from + (this.breaks.shift() ?? Infinity);
    let at = from;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (at >= stop) return controller.error(new TypeError('network error'));
        if (at >= until) return controller.close();
        const end = Math.min(at + this.piece, until, stop);
        controller.enqueue(this.bytes.slice(at, end));
        at = end;
      },
    });
    return new Response(body, { headers: { 'Benchrace-Epoch': '0', 'Benchrace-Offset': `${this.bytes.length}` } });
  }
}
