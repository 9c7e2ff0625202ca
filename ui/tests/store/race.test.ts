import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RaceStore } from '../../src/lib/store/race.svelte';
import type { Surroundings } from '../../src/lib/store/surroundings';
import { documentOf, Log } from '../log';

/** Central, played: a document, and a stream for each time that one is asked for. */
class Central {
  document = documentOf(['a', 'b']);
  down = false;
  streams: { last: string | null; send(text: string): void; end(): void; aborted: boolean }[] = [];

  fetch = async (path: string, request: RequestInit): Promise<Response> => {
    if (this.down) throw new TypeError('connection refused');
    if (!path.endsWith('/events')) return Response.json(this.document);
    const headers = new Headers(request.headers);
    let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (sink = controller) });
    const stream = {
      last: headers.get('Last-Event-ID'),
      send: (text: string) => sink?.enqueue(new TextEncoder().encode(text)),
      end: () => sink?.close(),
      aborted: false,
    };
    request.signal?.addEventListener('abort', () => {
      stream.aborted = true;
      sink?.error(new DOMException('aborted', 'AbortError'));
    });
    this.streams.push(stream);
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  };
}

class Page implements Surroundings {
  time = 1_000_000;
  frames: (() => void)[] = [];
  seen = true;
  private readonly watchers: ((visible: boolean) => void)[] = [];

  now = () => this.time;
  visible = () => this.seen;
  frame = (callback: () => void) => {
    this.frames.push(callback);
    return () => void (this.frames = this.frames.filter((each) => each !== callback));
  };
  onVisibility = (callback: (visible: boolean) => void) => {
    this.watchers.push(callback);
    return () => undefined;
  };

  draw(): void {
    for (const callback of this.frames.splice(0)) callback();
  }

  show(visible: boolean): void {
    this.seen = visible;
    for (const watcher of this.watchers) watcher(visible);
  }
}

function message(lines: string[], id: string): string {
  return `id: ${id}\n${lines.map((line) => `data: ${line}\n`).join('')}\n`;
}

describe('RaceStore', () => {
  let central: Central;
  let page: Page;
  let store: RaceStore;

  const stream = async (number: number) => {
    await vi.waitFor(() => expect(central.streams.length).toBe(number));
    const found = central.streams[number - 1];
    if (found === undefined) throw new Error('no stream');
    return found;
  };
  const shown = async (events: number) => {
    await vi.waitFor(() => {
      page.draw();
      expect(store.race?.events).toBe(events);
    });
  };

  beforeEach(async () => {
    central = new Central();
    page = new Page();
    vi.stubGlobal('fetch', central.fetch);
    store = new RaceStore('run1', page);
    await store.open();
  });

  afterEach(() => {
    store.close();
    vi.unstubAllGlobals();
  });

  it('takes all that came since the last frame in one update', async () => {
    const log = new Log().round('a', 0, 0, 100);
    const open = await stream(1);
    page.draw();
    open.send(message(log.lines.slice(0, 4), '0-4'));
    open.send(message(log.lines.slice(4), '0-9'));
    await vi.waitFor(() => expect(page.frames.length).toBe(1));
    await shown(log.lines.length);
  });

  it('gives words a frame of their own, after what moves', async () => {
    const log = new Log().round('a', 0, 0, 100);
    const open = await stream(1);
    page.draw();
    page.time += 1_000;
    open.send(message(log.lines.slice(0, 3), '0-3'));
    await shown(3);
    expect(store.calm?.race.events).toBe(0);
    page.draw();
    expect(store.calm?.race.events).toBe(3);
  });

  it('comes back by the last id after the connection was lost', async () => {
    const log = new Log().round('a', 0, 0, 100);
    const open = await stream(1);
    open.send(message(log.lines.slice(0, 4), '0-400'));
    await shown(4);
    open.end();
    await vi.waitFor(() => expect(store.link).toBe('lost'));
    const next = await stream(2);
    expect(next.last).toBe('0-400');
    await vi.waitFor(() => expect(store.link).toBe('live'));
    next.send(message(log.lines.slice(4), '0-900'));
    await shown(log.lines.length);
  });

  it('closes the stream of a hidden page, and resumes it where it was', async () => {
    const log = new Log().round('a', 0, 0, 100);
    const open = await stream(1);
    open.send(message(log.lines.slice(0, 2), '0-200'));
    await shown(2);
    page.show(false);
    expect(open.aborted).toBe(true);
    expect(store.link).toBe('paused');
    page.show(true);
    expect((await stream(2)).last).toBe('0-200');
  });

  it('starts again from a fresh document when the log was cut', async () => {
    const log = new Log().round('a', 0, 0, 100);
    const open = await stream(1);
    open.send(message(log.lines, '0-900'));
    await shown(log.lines.length);
    open.send('event: snapshot\ndata: {"epoch":1}\n\n');
    const next = await stream(2);
    expect(next.last).toBeNull();
    next.send(message(log.lines.slice(0, 3), '1-300'));
    await shown(3);
  });

  it('says when the log is complete, and asks no more', async () => {
    const open = await stream(1);
    open.send('event: end\ndata: {}\n\n');
    await vi.waitFor(() => expect(store.link).toBe('ended'));
    page.show(false);
    page.show(true);
    expect(central.streams.length).toBe(1);
    expect(store.link).toBe('ended');
  });
});
