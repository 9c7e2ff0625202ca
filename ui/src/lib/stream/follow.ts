/** Following a run's log: from where it was left, over lost connections, to its end. */

import { ApiError, send } from '../api/client';
import { Messages, type Message } from './messages';

export type Link = 'connecting' | 'live' | 'lost' | 'paused' | 'ended' | 'refused';

export interface Listener {
  lines(lines: string[]): void;
  /** The log was cut: all that was heard is void; start again from a fresh document. */
  snapshot(): void;
  /** `error` says why it was refused, or that central serves its limit of viewers. */
  link(link: Link, error?: ApiError): void;
  /** Something came, if only a ping. */
  alive(): void;
}

const RETRY_MS = [250, 500, 1_000, 2_000, 4_000];
/** Central pings every 2 s: a stream that is silent for so much longer is dead. */
const SILENCE_MS = 10_000;
/** How long an answer may take to begin: a network that is cut says nothing at all. */
const ANSWER_MS = 10_000;

export class Follower {
  private failures = 0;
  private open: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private over = false;

  /** Messages after `last`, the id of one, are new; null hears the log from its beginning. */
  constructor(
    private readonly url: string,
    private readonly listener: Listener,
    private last: string | null = null,
  ) {}

  /** Begin, or go on from the last message heard. */
  start(): void {
    if (this.over || this.open) return;
    clearTimeout(this.timer);
    void this.listen();
  }

  /** Stop for a while: a hidden page needs no stream. */
  pause(): void {
    if (this.over) return;
    this.drop();
    this.listener.link('paused');
  }

  stop(): void {
    this.over = true;
    this.drop();
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.open?.abort();
    this.open = null;
  }

  private async listen(): Promise<void> {
    const open = new AbortController();
    this.open = open;
    if (this.failures === 0) this.listener.link('connecting');
    try {
      await this.read(open);
      if (open.signal.aborted || this.over) return;
      this.lost(open);
    } catch (error) {
      if (open.signal.aborted && this.open !== open) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
        this.over = true;
        this.listener.link('refused', error);
        return;
      }
      this.lost(open, error instanceof ApiError && error.failure.category === 'busy' ? error : undefined);
    }
  }

  private lost(open: AbortController, full?: ApiError): void {
    if (this.open !== open) return;
    this.open = null;
    this.listener.link('lost', full);
    const wait = full?.retry_after_s ? full.retry_after_s * 1000 : RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.start(), wait);
  }

  private async read(open: AbortController): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.last !== null) headers['Last-Event-ID'] = this.last;
    const late = setTimeout(() => open.abort(), ANSWER_MS);
    const answer = await send(this.url, { headers, signal: open.signal }).finally(() => clearTimeout(late));
    if (answer.status === 204) return this.end();
    const reader = answer.body?.getReader();
    if (reader === undefined) throw new Error('central sent no stream');
    this.failures = 0;
    this.listener.link('live');
    this.listener.alive();
    const messages = new Messages();
    for (;;) {
      const piece = await withinSilence(reader, open);
      if (open.signal.aborted || piece === undefined) return;
      this.listener.alive();
      for (const message of messages.feed(piece)) if (this.take(message)) return;
    }
  }

  private end(): void {
    this.stop();
    this.listener.link('ended');
  }

  /** Take one message; true where the stream is over for good. */
  private take(message: Message): boolean {
    if (message.event === 'end') {
      this.end();
      return true;
    }
    if (message.event === 'snapshot') {
      this.last = null;
      this.listener.snapshot();
      return false;
    }
    this.last = message.id ?? this.last;
    this.listener.lines(message.data);
    return false;
  }
}

async function withinSilence(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  open: AbortController,
): Promise<Uint8Array | undefined> {
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), SILENCE_MS);
  try {
    const { value, done } = await reader.read();
    return done || open.signal.aborted ? undefined : value;
  } finally {
    clearTimeout(timer);
  }
}
