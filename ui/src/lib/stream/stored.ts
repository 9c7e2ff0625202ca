/** A stored log over the network: blocks of whole lines, one after the other or one by its place. */

import { ApiError, send } from '../api/client';
import { fileSize, memorySize } from '../format/quantity';

/** About so much is kept, fetched and read at once. */
export const BLOCK_BYTES = 256 << 10;
/** More than this without an end is no line of ours. */
const MAX_LINE = 4 << 20;
const TRIES = 3;
const PAUSE_MS = 500;
const NEWLINE = 10;

/** A place in a log: the end of a line, as the run's document names it. */
export interface Place {
  epoch: number;
  offset: number;
}

export class StoredLog {
  /** How long the log is; known with the first answer. */
  size = 0;
  private epoch: string | null = null;
  private readonly path: string;

  constructor(
    runId: string,
    private readonly block = BLOCK_BYTES,
    private readonly pause_ms = PAUSE_MS,
  ) {
    this.path = `/api/runs/${encodeURIComponent(runId)}/events`;
  }

  /** Give the log from its beginning to a place, or to its end; a connection that breaks is made again where it broke. */
  async *blocks(signal: AbortSignal, until: Place | null = null): AsyncGenerator<Uint8Array> {
    this.epoch ??= until && String(until.epoch);
    let at = 0;
    for (let tries = 0; ; ) {
      try {
        for await (const block of this.pieces(at, until?.offset ?? null, signal)) {
          yield block;
          at += block.length;
          tries = 0;
        }
        return;
      } catch (error) {
        tries += 1;
        if (signal.aborted || !broken(error)) throw error;
        if (tries >= TRIES) throw this.cut(at);
      }
      await new Promise((done) => setTimeout(done, this.pause_ms));
      signal.throwIfAborted();
    }
  }

  /** Give one block again. */
  async part(from: number, until: number, signal: AbortSignal): Promise<Uint8Array> {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await this.ask(from, until, signal);
        const bytesRead = new Uint8Array(await answer.arrayBuffer());
        if (bytesRead.length === until - from) return bytesRead;
      } catch (error) {
        if (signal.aborted || !broken(error)) throw error;
      }
      if (tries >= TRIES) throw this.cut(from);
      await new Promise((done) => setTimeout(done, this.pause_ms));
      signal.throwIfAborted();
    }
  }

  private async *pieces(from: number, until: number | null, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.ask(from, until, signal);
    const reader = answer.body?.getReader();
    if (reader === undefined) return;
    let rest = new Uint8Array(0);
    for (;;) {
      const { value, done } = await reader.read();
      rest = done ? rest : joined(rest, value);
      let end: number;
      while ((end = endOf(rest, this.block, done)) > 0) {
        yield rest.slice(0, end);
        rest = rest.subarray(end);
      }
      if (done) return;
      if (rest.length > MAX_LINE) throw endless();
    }
  }

  private async ask(from: number, until: number | null, signal: AbortSignal): Promise<Response> {
    const place = (at: number) => (this.epoch === null ? `${at}` : `${this.epoch}-${at}`);
    const end = until === null ? '' : `&until=${place(until)}`;
    const headers = { Accept: 'application/x-ndjson' };
    const answer = await send(`${this.path}?after=${place(from)}${end}`, { headers, signal });
    this.epoch ??= answer.headers.get('Benchrace-Epoch');
    this.size ||= Number(answer.headers.get('Benchrace-Offset') ?? 0);
    return answer;
  }

  private cut(at: number): ApiError {
    return new ApiError(0, {
      category: 'unreachable',
      message: `reading the log stopped at ${fileSize(at)} of ${fileSize(this.size)}`,
      remedy: 'Check that central is running, then reload the page.',
    });
  }
}

/** Where the lines end that make up a block; 0 while more are to come. */
function endOf(data: Uint8Array, block: number, over: boolean): number {
  if (data.length < block && !over) return 0;
  return data.lastIndexOf(NEWLINE, block - 1) + 1 || data.indexOf(NEWLINE) + 1;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Tell a lost connection from a refusal, which would come again. */
function broken(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0;
}

function endless(): ApiError {
  return new ApiError(422, {
    category: 'validation',
    message: `the log is damaged: it has a line longer than ${memorySize(MAX_LINE)}`,
    remedy: 'The raw lines are still in the log.',
  });
}
