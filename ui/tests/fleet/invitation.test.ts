import { expect, it } from 'vitest';

import type { InvitationEntry, NewInvitation, TokenEntry } from '../../src/lib/api/access';
import type { FleetMachine } from '../../src/lib/api/admin';
import { clock, joinLine, progress } from '../../src/pages/fleet/invitation';

const ENTRY: InvitationEntry = { invitation_id: 'i1', label: null, created_at: 100, expires_at: 700 };
const invitation = (host: string, hosts: string[] = []) => ({ code: 'abc', pin: null, host, hosts, life_s: 600, entry: ENTRY }) as unknown as NewInvitation;
const LOCAL = { protocol: 'http:', hostname: 'localhost', port: '8400', origin: 'http://localhost:8400' };

it('the line names an address that other machines can reach, or says that it cannot', () => {
  const far = { protocol: 'https:', hostname: 'central.lan', port: '', origin: 'https://central.lan' };
  expect(joinLine(far, invitation('127.0.0.1'))).toEqual({ command: 'benchrace agent join https://central.lan abc', warning: '' });
  expect(joinLine(LOCAL, invitation('0.0.0.0', ['localhost', 'box.lan']))).toEqual({ command: 'benchrace agent join http://box.lan:8400 abc', warning: '' });
  expect(joinLine(LOCAL, invitation('127.0.0.1')).warning).toContain('--host 0.0.0.0');
  expect(joinLine(LOCAL, invitation('0.0.0.0')).warning).toContain('Replace `localhost`');
  expect(joinLine(far, { ...invitation('central.lan'), pin: 'f00' }).command).toBe('benchrace agent join https://central.lan abc.f00');
});

it('an invited machine is followed until it is connected', () => {
  const token = (machine_id: string | null, created_at: number) => ({ role: 'agent', machine_id, created_at }) as TokenEntry;
  const machine = (connected_at: number | null) => ({ machine_id: 'left', label: 'Left', connected_at }) as FleetMachine;
  const earlier = token('right', 50);
  expect(progress(ENTRY, 60, [ENTRY], [earlier], []).state).toBe('waiting');
  expect(progress(ENTRY, 0, [ENTRY], [earlier], []).state).toBe('expired');
  expect(progress(ENTRY, 0, [], [earlier], []).state).toBe('expired');
  expect(progress(ENTRY, 60, [], [earlier, token(null, 120)], []).state).toBe('cancelled');
  const tokens = [earlier, token('left', 120)];
  expect(progress(ENTRY, 60, [], tokens, [machine(null)])).toEqual({ state: 'joined', machineId: 'left' });
  expect(progress(ENTRY, 60, [], tokens, [machine(3)])).toEqual({ state: 'connected', machine: machine(3) });
});

it('the time that is left counts down to zero', () => {
  expect([600, 65.2, 9, -1].map(clock)).toEqual(['10:00', '1:06', '0:09', '0:00']);
});
