/** What this visitor may do on central, and the login that requests wait for. */

import type { Failure } from '../events/types';
import type { SessionAnswer } from './generated';

export type { Right, SessionAnswer as Said } from './generated';

import { failure, get, onUnknown, post } from './client';

/** Where the words stand that say why a control is locked. */
export const WATCHING_ID = 'watching';
const WATCHING = 'You are watching: log in as operator to change anything';

export class Session {
  /** Null until central has answered. */
  said = $state.raw<SessionAnswer | null>(null);
  /** Whether this visitor was let in: what was on the page then stays there behind a login. */
  entered = $state(false);
  /** A watcher who wants to log in as operator. */
  rising = $state(false);

  readonly right = $derived(this.said?.right ?? null);
  readonly watches = $derived(this.right === 'watch');
  /** Let in once, and not any more: the page waits as it is. */
  readonly over = $derived(this.entered && this.said !== null && this.said.asks && this.right === null);
  /** Spread on a control that changes something: a watcher sees it locked, and why. */
  readonly locked = $derived(
    this.watches ? { disabled: true, title: WATCHING, 'aria-describedby': WATCHING_ID } : {},
  );

  /** Why a login link let nobody in. */
  trouble = $state.raw<Failure | null>(null);

  private waiting: (() => void)[] = [];
  private looking: Promise<void> | null = null;

  /** Ask central who we are; one that does not answer is for the pages to say. */
  look(): Promise<void> {
    this.looking ??= this.ask().finally(() => (this.looking = null));
    return this.looking;
  }

  /** Begin: with the code of a login link where one was followed. */
  async start(code: string | null): Promise<void> {
    if (code !== null) await this.follow(code);
    await this.look();
    // Who may watch anyway sees no login page, which would tell it.
    if (this.trouble !== null && this.watches) this.rising = true;
  }

  async login(token: string): Promise<void> {
    this.take(await post<SessionAnswer>('/api/login', { token }));
    this.trouble = null;
    this.rising = false;
  }

  private async follow(code: string): Promise<void> {
    try {
      this.take(await post<SessionAnswer>('/api/login', { code }));
    } catch (error) {
      this.trouble = failure(error);
    }
  }

  async logout(): Promise<void> {
    const said = await post<SessionAnswer>('/api/logout', {});
    this.entered = false;
    this.take(said);
  }

  /** A request was refused: true once it may be tried again, as the one that it was. */
  async pass(path: string, tried: boolean, signal?: AbortSignal | null): Promise<boolean> {
    if (path === '/api/login') return false;
    await this.look();
    if (!this.said?.asks) return false;
    // Another tab may have logged in meanwhile.
    if (this.right !== null) return !tried;
    await this.letIn(signal);
    return true;
  }

  private letIn(signal?: AbortSignal | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.waiting = this.waiting.filter((each) => each !== go);
        reject(new DOMException('The request was abandoned', 'AbortError'));
      };
      const go = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.waiting.push(go);
    });
  }

  private async ask(): Promise<void> {
    try {
      this.take(await get<SessionAnswer>('/api/session'));
    } catch {
      // A page that knows no better shows itself, and says what central answers to it.
      if (this.said === null) this.entered = true;
    }
  }

  private take(said: SessionAnswer): void {
    this.said = said;
    if (said.asks && said.right === null) return;
    this.entered = true;
    for (const go of this.waiting.splice(0)) go();
  }
}

export const session = new Session();
onUnknown((path, status, tried, signal) => {
  if (status === 401) return session.pass(path, tried, signal);
  // What this visitor may do has changed behind the page.
  if (status === 403 && session.said?.asks) void session.look();
  return Promise.resolve(false);
});
