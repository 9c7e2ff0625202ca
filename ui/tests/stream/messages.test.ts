import { describe, expect, it } from 'vitest';

import { Messages } from '../../src/lib/stream/messages';

const TEXT = 'retry: 1000\n\nid: 0-12\ndata: {"a":"ä€"}\ndata: two\n\n: ping\n\nevent: end\ndata: {}\n\n';

describe('Messages', () => {
  it('reads whole messages from pieces of any size, letters cut in two as well', () => {
    const bytes = new TextEncoder().encode(TEXT);
    for (const size of [1, 3, 7, bytes.length]) {
      const messages = new Messages();
      const found = [];
      for (let at = 0; at < bytes.length; at += size) found.push(...messages.feed(bytes.slice(at, at + size)));
      expect(found).toEqual([
        { id: '0-12', event: 'message', data: ['{"a":"ä€"}', 'two'] },
        { id: null, event: 'end', data: ['{}'] },
      ]);
    }
  });

  it('refuses a message without an end', () => {
    const messages = new Messages();
    const much = new Uint8Array(3 << 20).fill(97);
    messages.feed(much);
    expect(() => messages.feed(much)).toThrow(/unfinished/);
  });
});
