import { afterEach, describe, expect, it, vi } from 'vitest';

import { StoredLog } from '../../src/lib/stream/stored';
import { Served } from '../replay/served';

const { signal } = new AbortController();
const LINE = '{"type":"log","payload":{"message":"naïve – 漢字"}}\n';

async function blocks(log: StoredLog): Promise<string[]> {
  const found: string[] = [];
  for await (const block of log.blocks(signal)) found.push(new TextDecoder().decode(block));
  return found;
}

describe('a stored log', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it.each([7, 100, 1_000_000])('comes in blocks of whole lines, in pieces of %i bytes', async (piece) => {
    const central = new Served(LINE.repeat(200), piece);
    const log = new StoredLog('run1', 500);
    const found = await blocks(log);
    expect(found.join('')).toBe(LINE.repeat(200));
    expect(found.length).toBeGreaterThan(10);
    for (const block of found) expect(block.endsWith('\n')).toBe(true);
    expect(log.size).toBe(central.bytes.length);
  });

  it('has a line longer than a block in a block of its own', async () => {
    const long = `{"a":"${'x'.repeat(3000)}"}\n`;
    new Served(`{}\n${long}{}\n`, 100);
    expect((await blocks(new StoredLog('run1', 500))).join('')).toBe(`{}\n${long}{}\n`);
  });

  it('goes on where the connection broke', async () => {
    const central = new Served(LINE.repeat(200));
    central.breaks = [5_000, 3_000];
    expect((await blocks(new StoredLog('run1', 500, 0))).join('')).toBe(LINE.repeat(200));
    expect(central.asked).toHaveLength(3);
    expect(Number.parseInt(central.asked[1] ?? '')).toBeGreaterThan(3_000);
  });

  it('says how far it could be read where central stays away', async () => {
    const central = new Served(LINE.repeat(200));
    central.breaks = [0, 0, 0];
    await expect(blocks(new StoredLog('run1', 500, 0))).rejects.toThrow('reading the log stopped at');
  });

  it('gives a part again, and takes no part of a part', async () => {
    const central = new Served(LINE.repeat(200));
    central.breaks = [10];
    const part = await new StoredLog('run1', 500, 0).part(LINE.length, LINE.length * 3, signal);
    expect(part).toEqual(central.bytes.slice(LINE.length, LINE.length * 3));
    central.torn = 20;
    await expect(new StoredLog('run1', 500, 0).part(0, 40, signal)).rejects.toThrow('reading the log stopped');
  });

  it('refuses a line without end', async () => {
    new Served('x'.repeat(5 << 20), 1 << 20);
    await expect(blocks(new StoredLog('run1'))).rejects.toThrow('damaged');
  });
});
