import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import Writer from '../../src/pages/start/text/Writer.svelte';

const BY_MODEL = { prompt: 'Tell of tides.', source: 'model', machine_id: 'm1', backend: 'b', model: 'tiny', reason: null };
const BUILT_IN = { ...BY_MODEL, source: 'fallback', machine_id: null, model: null, reason: 'm1 measures now' };

describe('having a prompt written', () => {
  let shown: Record<string, unknown>;
  let asked: unknown[];
  let taken: string[];
  let answer: () => Response;

  function said(): string {
    return document.getElementById('write-said')?.textContent?.replace(/\s+/g, ' ').trim() ?? '';
  }

  function ask(about: string): void {
    const field = document.getElementById('write-about') as HTMLInputElement;
    field.value = about;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    document.querySelector('button')?.click();
    flushSync();
  }

  beforeEach(() => {
    asked = [];
    taken = [];
    vi.stubGlobal('fetch', async (path: string, request: RequestInit) => {
      asked.push([path, JSON.parse(String(request.body))]);
      return answer();
    });
    const props = { onwritten: (prompt: string) => void taken.push(prompt) };
    shown = mount(Writer, { target: document.body, props });
    flushSync();
  });

  afterEach(async () => {
    await unmount(shown);
    document.body.replaceChildren();
    vi.unstubAllGlobals();
  });

  it('puts what a model wrote in the place of the prompt, and says who wrote it', async () => {
    answer = () => Response.json(BY_MODEL);
    ask('  tides ');
    expect(said()).toBe('A model writes…');
    await vi.waitFor(() => expect(said()).toBe('Written by tiny on m1.'));
    expect(asked).toEqual([['/api/prompts', { about: 'tides', tokens: 100 }]]);
    expect(taken).toEqual(['Tell of tides.']);
  });

  it('says that a text is built in, and why', async () => {
    answer = () => Response.json(BUILT_IN);
    ask('tides');
    await vi.waitFor(() => expect(said()).toBe('Built in, written by no model: m1 measures now.'));
    expect(taken).toEqual(['Tell of tides.']);
  });

  it('keeps the prompt where central refuses, and says what to do', async () => {
    const error = { category: 'busy', message: 'Too many.', remedy: 'Ask again in 9 s.', fields: [] };
    answer = () => Response.json({ error }, { status: 429 });
    ask('tides');
    await vi.waitFor(() => expect(said()).toBe('Too many. Ask again in 9 s.'));
    expect(taken).toEqual([]);
  });

  it('takes Enter for itself, and not for the form around it', async () => {
    answer = () => Response.json(BY_MODEL);
    const field = document.getElementById('write-about') as HTMLInputElement;
    field.value = 'tides';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    flushSync();
    const pressed = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true });
    field.dispatchEvent(pressed);
    expect(pressed.defaultPrevented).toBe(true);
    await vi.waitFor(() => expect(taken).toEqual(['Tell of tides.']));
  });

  it('asks for nothing about nothing', () => {
    ask('   ');
    expect(asked).toEqual([]);
  });
});
