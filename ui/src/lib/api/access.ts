/** The calls that give access: invitations for machines, and tokens. */

import type { InvitationEntry, InvitationList, NewInvitation, NewToken, TokenEntry, TokenList, TokenRequest } from './generated';

export type { InvitationEntry, NewInvitation, NewToken, TokenEntry, TokenRequest, TokenRole } from './generated';

import { get, post, remove } from './client';

const at = (collection: string, id: string) => `/api/${collection}/${encodeURIComponent(id)}`;

export async function invitations(): Promise<InvitationEntry[]> {
  return (await get<InvitationList>('/api/invitations')).invitations;
}

export function invite(): Promise<NewInvitation> {
  return post<NewInvitation>('/api/invitations', {});
}

export function cancelInvitation(id: string): Promise<unknown> {
  return remove(at('invitations', id));
}

export async function tokens(): Promise<TokenEntry[]> {
  return (await get<TokenList>('/api/tokens')).tokens;
}

export function createToken(request: TokenRequest): Promise<NewToken> {
  return post<NewToken>('/api/tokens', request);
}

export function rotateToken(id: string): Promise<NewToken> {
  return post<NewToken>(`${at('tokens', id)}/rotate`, {});
}

export function revokeToken(id: string): Promise<unknown> {
  return remove(at('tokens', id));
}
