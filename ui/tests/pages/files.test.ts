import { flushSync, mount, unmount } from 'svelte';
import { expect, it } from 'vitest';

import { reduce } from '../../src/lib/race/reduce';
import { begin } from '../../src/lib/race/state';
import Files from '../../src/pages/race/Files.svelte';
import { documentOf, Log } from '../log';

it('says where what a round made is kept, as text', async () => {
  const file = { name: '<b>a.png</b>', media_type: 'image/png', size: 2048, digest: `sha256:${'ab'.repeat(32)}` };
  const log = new Log().round('a', 1, 0, 100).add('artifact', file, { lane: 'a', round: 1, t_ms: 120 });
  const race = reduce(begin(documentOf(['a', 'b'])), log.lines, 1_000_000);
  const shown = mount(Files, { target: document.body, props: { race } });
  flushSync();
  expect(document.querySelector('li strong')?.textContent).toBe('<b>a.png</b>');
  expect(document.querySelector('li code')?.textContent).toBe(`jobs/job1/artifacts/${'ab'.repeat(32)}`);
  expect(document.body.textContent).toContain('2 KiB');
  await unmount(shown);
});
