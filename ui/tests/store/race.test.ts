import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RaceStore } from '../../src/lib/store/race.svelte';
import type { Browser } from '../../src/lib/store/browser';
import type { RunDocument, RunState } from '../../src/lib/api/documents';
import { documentOf, Log } from '../log';
import { eventually } from '../eventually';

/** Central, played: a document, the lines that are stored, and a stream for each time that one is asked for. */
class Central {
  document = documentOf(['a', 'b']);
  stored = '';
  down = false;
  /** A log that is complete has nothing for who has all of it. */
  complete = false;
  /** Central serves its limit of viewers. */
  full = false;
  /** Stored lines are not given. */
  refused = false;
  asked: string[] = [];
  streams: { last: string | null; send(text: string): void; end(): void; aborted: boolean }[] = [];

  fetch = async (path: string, request: RequestInit): Promise<Response> => {
    if (this.down) throw new TypeError('connection refused');
    const headers = new Headers(request.headers);
    if (path.includes('/events?')) {
      this.asked.push(path);
      if (this.refused) return Response.json({ error: { message: 'no' } }, { status: 422 });
      return new Response(this.stored, { headers: { 'Benchrace-Epoch': '0', 'Benchrace-Offset': `${this.stored.length}` } });
    }
    if (!path.endsWith('/events')) {
      this.asked.push(path);
      return Response.json(this.document);
    }
    if (this.complete) return new Response(null, { status: 204 });
    if (this.full) {
      const error = { category: 'busy', message: 'this central serves its limit of 256 viewers', remedy: 'Wait.' };
      return Response.json({ error }, { status: 503, headers: { 'Retry-After': '0.01' } });
    }
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

class Page implements Browser {
  time = 1_000_000;
  frames: (() => void)[] = [];
  seen = true;
  private readonly watchers: ((visible: boolean) => void)[] = [];

  now = () => this.time;
  visible = () => this.seen;
  frame = (callback: () => void) => {
    this.frames.push(callback);
    return () => void (this.frames = this.frames.filter((frame) => frame !== callback));
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
    await eventually(() => expect(central.streams.length).toBe(number));
    const found = central.streams[number - 1];
    if (found === undefined) throw new Error('no stream');
    return found;
  };
  const shown = async (events: number) => {
    await eventually(() => {
      page.draw();
      expect(store.race?.events).toBe(events);
    });
  };

  /** Open the page again, on a run whose document was written after these lines. */
  const reopen = async (lines: string[], state: RunState, how: Partial<Central> = {}) => {
    store.close();
    central = Object.assign(new Central(), how);
    central.stored = lines.map((line) => `${line}\n`).join('');
    central.document = { ...central.document, state, epoch: 0, offset: central.stored.length };
    vi.stubGlobal('fetch', central.fetch);
    store = new RaceStore('run1', page);
    await store.open();
  };
  const documents = () => central.asked.filter((path) => path === '/api/runs/run1').length;

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
    await eventually(() => expect(page.frames.length).toBe(1));
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
    await eventually(() => expect(store.link).toBe('lost'));
    const next = await stream(2);
    expect(next.last).toBe('0-400');
    await eventually(() => expect(store.link).toBe('live'));
    next.send(message(log.lines.slice(4), '0-900'));
    await shown(log.lines.length);
  });

  it('says that central serves its limit of viewers, until it does not', async () => {
    await stream(1);
    central.full = true;
    page.show(false);
    page.show(true);
    await eventually(() => expect(store.failure?.message).toBe('this central serves its limit of 256 viewers'));
    expect(store.link).not.toBe('refused');
    central.full = false;
    await stream(2);
    await eventually(() => expect(store.link).toBe('live'));
    expect(store.failure).toBeNull();
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
    expect(next.last).toBe('0-0');
    next.send(message(log.lines.slice(0, 3), '1-300'));
    await shown(3);
  });

  it('says when the log is complete, and asks no more', async () => {
    const open = await stream(1);
    open.send('event: end\ndata: {}\n\n');
    await eventually(() => expect(store.link).toBe('ended'));
    page.show(false);
    page.show(true);
    expect(central.streams.length).toBe(1);
    expect(store.link).toBe('ended');
  });

  it('fetches a run that is over once, its log once, and opens no stream', async () => {
    const log = new Log().round('a', 0, 0, 100);
    await reopen(log.lines, 'done');
    await shown(log.lines.length);
    expect(store.link).toBe('ended');
    page.show(false);
    page.show(true);
    const until = central.stored.length;
    expect(central.asked).toEqual(['/api/runs/run1', `/api/runs/run1/events?after=0-0&until=0-${until}`]);
    expect(central.streams).toEqual([]);
  });

  it('reads what is stored, hears the rest, and fetches the document where that ends a round', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const log = new Log().round('a', 0, 0, 100).round('a', 1, 100, 100);
      const half = log.lines.length / 2;
      await reopen(log.lines.slice(0, half), 'running');
      const live = central.streams[0];
      expect(live?.last).toBe(`0-${central.stored.length}`);
      expect(store.race?.events).toBe(0);
      page.draw();
      expect(store.race?.events).toBe(half);
      await vi.advanceTimersByTimeAsync(1_000);
      // What the document has already is no news.
      expect(documents()).toBe(1);
      live?.send(message(log.lines.slice(half, -1), '0-1'));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(documents()).toBe(1);
      live?.send(message(log.lines.slice(-1), '0-2'));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(documents()).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fetches the document of a race whose rounds end sooner than it is fetched', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await reopen([], 'running');
      const live = central.streams[0];
      const log = new Log();
      let sent = 0;
      for (let round = 0; round < 8; round += 1) {
        log.round(round % 2 ? 'b' : 'a', round >> 1, round * 500, 500);
        live?.send(message(log.lines.slice(sent), `0-${round}`));
        sent = log.lines.length;
        await vi.advanceTimersByTimeAsync(500);
        page.time += 500;
      }
      expect(documents()).toBeGreaterThanOrEqual(4);
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps the newest document where an older one comes later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await reopen([], 'running');
      const answers: ((document: RunDocument) => void)[] = [];
      const { fetch } = central;
      vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
        if (path !== '/api/runs/run1') return fetch(path, request);
        return Response.json(await new Promise((resolve) => answers.push(resolve)));
      });
      const { lines } = new Log().round('a', 0, 0, 100).round('b', 0, 0, 100);
      const half = lines.length / 2;
      for (const [number, part] of [lines.slice(0, half), lines.slice(half)].entries()) {
        central.streams[0]?.send(message(part, `0-${number}`));
        await vi.advanceTimersByTimeAsync(1_000);
      }
      expect(answers).toHaveLength(2);
      answers[1]?.({ ...central.document, state: 'done' });
      await vi.advanceTimersByTimeAsync(0);
      answers[0]?.(central.document);
      await vi.advanceTimersByTimeAsync(0);
      expect(store.run?.state).toBe('done');
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps a change that a document asked for earlier does not have, and fetches it again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      await reopen([], 'running');
      const answers: ((document: RunDocument) => void)[] = [];
      const { fetch } = central;
      vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
        if (path !== '/api/runs/run1') return fetch(path, request);
        return Response.json(await new Promise((resolve) => answers.push(resolve)));
      });
      central.streams[0]?.send(message(new Log().round('a', 0, 0, 100).lines, '0-1'));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(answers).toHaveLength(1);
      store.changed({ ...central.document, notes: 'typed' });
      answers[0]?.({ ...central.document, state: 'done' });
      await vi.advanceTimersByTimeAsync(0);
      expect([store.run?.notes, store.run?.state]).toEqual(['typed', 'running']);
      expect(answers).toHaveLength(2);
      answers[1]?.({ ...central.document, notes: 'typed', state: 'done' });
      await vi.advanceTimersByTimeAsync(0);
      expect([store.run?.notes, store.run?.state]).toEqual(['typed', 'done']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('fetches the document of many lanes less often', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const lanes = Array.from({ length: 64 }, (_, at) => `lane${at}`);
      const { lines } = new Log().round('lane0', 0, 0, 100);
      await reopen(lines.slice(0, -1), 'running', { document: documentOf(lanes) });
      central.streams[0]?.send(message(lines.slice(-1), '0-1'));
      await vi.advanceTimersByTimeAsync(2_500);
      expect(documents()).toBe(1);
      await vi.advanceTimersByTimeAsync(500);
      expect(documents()).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('hears from its place on what could not be read', async () => {
    const { lines } = new Log().round('a', 0, 0, 100);
    await reopen(lines, 'done', { refused: true });
    const live = await stream(1);
    expect(live.last).toBe('0-0');
    live.send(message(lines, '0-9'));
    await shown(lines.length);
  });

  it('takes no stream for the end of a log that it has', async () => {
    await reopen([], 'running', { complete: true });
    await eventually(() => expect(store.link).toBe('ended'));
    await eventually(() => expect(documents()).toBe(2));
  });
});
