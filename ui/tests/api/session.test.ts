import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError, get, onUnknown, post } from '../../src/lib/api/client';
import { Session, type Right } from '../../src/lib/api/session.svelte';

/** A central that asks for a token, played. */
class Central {
  asks = true;
  right: Right | null = null;
  asked: string[] = [];

  fetch = async (path: string, request: RequestInit): Promise<Response> => {
    this.asked.push(`${request.method ?? 'GET'} ${path}`);
    if (path === '/api/login') {
      const { token, code } = JSON.parse(String(request.body)) as { token?: string; code?: string };
      if ((token ?? code) !== 'right') return this.refuse(401, 'this is not a token');
      this.right = 'operate';
    }
    if (path === '/api/logout') this.right = null;
    if (path.startsWith('/api/log') || path === '/api/session') {
      return Response.json({ asks: this.asks, right: this.right, watch: 'nobody', expires_at: null });
    }
    if (this.right === null) return this.refuse(401, 'this needs a token');
    if (this.right === 'watch' && request.method === 'POST') return this.refuse(403, 'you are watching');
    return Response.json({ path });
  };

  private refuse(status: number, message: string): Response {
    return Response.json({ error: { category: 'validation', message, remedy: 'Log in.' } }, { status });
  }
}

describe('a session', () => {
  let central: Central;
  let session: Session;
  const settled = () => new Promise((done) => setTimeout(done, 5));

  beforeEach(() => {
    central = new Central();
    session = new Session();
    vi.stubGlobal('fetch', central.fetch);
    onUnknown((path, status, tried, signal) =>
      status === 401 ? session.pass(path, tried, signal) : Promise.resolve(false),
    );
  });

  afterEach(() => vi.unstubAllGlobals());

  it('begins with the code of a link, and asks with it once', async () => {
    await session.start('right');
    expect([session.right, session.entered, session.trouble]).toEqual(['operate', true, null]);
    expect(central.asked).toEqual(['POST /api/login', 'GET /api/session']);
  });

  it('shows the login, and why, where a link was used already', async () => {
    await session.start('used');
    expect([session.entered, session.trouble?.message]).toEqual([false, 'this is not a token']);
    await session.login('right');
    expect([session.right, session.trouble]).toEqual(['operate', null]);
  });

  it('tells who may watch anyway that a link let nobody in', async () => {
    central.right = 'watch';
    await session.start('used');
    expect([session.right, session.rising]).toEqual(['watch', true]);
    session.rising = false;
    await session.start(null);
    expect(session.rising).toBe(true);
  });

  it('keeps what was refused, and asks it again after the login', async () => {
    central.right = 'operate';
    await session.look();
    expect(session.entered).toBe(true);
    central.right = null;
    const answers = Promise.all([get('/api/a'), post('/api/b', {})]);
    await settled();
    expect(session.over).toBe(true);
    await expect(session.login('wrong')).rejects.toThrow('this is not a token');
    expect(session.over).toBe(true);
    await session.login('right');
    expect(await answers).toEqual([{ path: '/api/a' }, { path: '/api/b' }]);
    expect(session.over).toBe(false);
    expect(central.asked.filter((each) => each === 'POST /api/b')).toHaveLength(2);
  });

  it('lets a request be given up while it waits', async () => {
    central.right = 'operate';
    await session.look();
    central.right = null;
    const open = new AbortController();
    const answer = get('/api/a', open.signal);
    await settled();
    open.abort();
    await expect(answer).rejects.toThrow(/abandoned/);
    await session.login('right');
    expect(central.asked.filter((each) => each === 'GET /api/a')).toHaveLength(1);
  });

  it('goes on by itself where another tab has logged in', async () => {
    central.right = 'operate';
    await session.look();
    let first = true;
    vi.stubGlobal('fetch', (path: string, request: RequestInit) => {
      if (path !== '/api/a' || !first) return central.fetch(path, request);
      first = false;
      return Promise.resolve(Response.json({}, { status: 401 }));
    });
    expect(await get('/api/a')).toEqual({ path: '/api/a' });
  });

  it('leaves a refusal alone that no login would mend', async () => {
    central.asks = false;
    await session.look();
    await expect(get('/api/service/agent/start')).rejects.toThrow(ApiError);
    central.asks = true;
    central.right = 'operate';
    vi.stubGlobal('fetch', (path: string, request: RequestInit) =>
      path === '/api/session' ? central.fetch(path, request) : Promise.resolve(Response.json({}, { status: 401 })),
    );
    await expect(get('/api/a')).rejects.toThrow('central answered 401');
  });

  it('locks what changes anything for who watches', async () => {
    expect(session.locked).toEqual({});
    central.right = 'watch';
    await session.look();
    expect(session.locked).toMatchObject({ disabled: true, 'aria-describedby': 'watching' });
    await session.login('right');
    expect(session.locked).toEqual({});
  });

  it('shows the login in place of the page after a logout, and the page where central is silent', async () => {
    await session.look();
    expect(session.entered).toBe(false);
    await session.login('right');
    expect(session.entered).toBe(true);
    await session.logout();
    expect([session.entered, session.over]).toEqual([false, false]);
    const other = new Session();
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('refused')));
    await other.look();
    expect(other.entered).toBe(true);
  });
});
