import { flushSync, mount, unmount } from 'svelte';
import { expect, it, vi } from 'vitest';

import { Fleet } from '../../src/pages/fleet/fleet.svelte';
import Machines from '../../src/pages/fleet/Machines.svelte';
import Nearby from '../../src/pages/fleet/Nearby.svelte';

import { eventually } from '../eventually';

it('agents nearby are text, and each can be invited', async () => {
  const agents = [{ machine_id: '<img src=x>', url: 'http://10.0.0.7:9001', version: '0.1.0' }];
  const page = mount(Nearby, { target: document.body, props: { agents, invite: () => undefined } });
  const text = document.body.textContent.replace(/\s+/g, ' ');
  const buttons = [...document.querySelectorAll('button')].map((button) => button.textContent);
  const pictures = document.querySelectorAll('img').length;
  await unmount(page);
  expect(text).toContain('<img src=x> http://10.0.0.7:9001, benchrace 0.1.0');
  expect(buttons).toEqual(['Invite… <img src=x>']);
  expect(pictures).toBe(0);
});

it('an invitation stays open while its machine joins, and leaves the focus near by', async () => {
  vi.stubGlobal('fetch', async () => Response.json({ error: { message: 'not now', remedy: 'Wait.' } }, { status: 503 }));
  const fleet = new Fleet();
  fleet.nearby = [{ machine_id: 'box', url: 'http://10.0.0.7:9001', version: '0.1.0' }];
  const page = mount(Machines, { target: document.body, props: { fleet } });
  const dialog = () => document.querySelector('dialog');
  try {
    [...document.querySelectorAll('button')].find((button) => button.textContent === 'Invite… box')?.click();
    await eventually(() => expect(dialog()?.textContent).toContain('Invite a machine'));
    fleet.nearby = [];
    flushSync();
    expect(document.body.textContent).not.toContain('Nearby');
    expect(dialog()?.open).toBe(true);
    dialog()?.close();
    flushSync();
    expect(dialog()).toBeNull();
    expect(document.activeElement?.id).toBe('machines-title');
  } finally {
    await unmount(page);
    vi.unstubAllGlobals();
  }
});
