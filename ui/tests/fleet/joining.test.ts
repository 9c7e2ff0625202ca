import { expect, it } from 'vitest';

import { PATIENCE_MS, whyAway } from '../../src/components/joining';
import type { RefusedAgent, Service } from '../../src/lib/api/admin';

const agent = (running: boolean) => [{ component: 'central', running: true }, { component: 'agent', running }] as Service[];
const refused = [{ address: '127.0.0.1', reason: 'wrong agent token', remedy: 'Set it.', times: 2 }] as unknown as RefusedAgent[];

it('an agent may take a while to connect, and is then said not to', () => {
  expect(whyAway(agent(true), [], 0)).toBeNull();
  expect(whyAway(agent(true), [], PATIENCE_MS)?.message).toContain('has not connected');
});

it('one that is refused or has stopped does not connect any more', () => {
  expect(whyAway(agent(true), refused, 0)).toEqual({ message: 'The agent at 127.0.0.1 was refused: wrong agent token', remedy: 'Set it.' });
  expect(whyAway(agent(false), [], 0)?.message).toBe('The agent stopped before it connected');
});
