/** Tokens and open invitations, as operators see them. */

import * as api from '../../lib/api/access';
import type { InvitationEntry, NewToken, TokenEntry, TokenRequest } from '../../lib/api/access';
import { failure } from '../../lib/api/client';
import type { Failure } from '../../lib/events/types';
import { poll } from '../../lib/poll/poll';

const AGAIN_MS = 15_000;

export class Access {
  tokens = $state.raw<TokenEntry[] | null>(null);
  invitations = $state.raw<InvitationEntry[]>([]);
  /** A token that central shows this once. */
  fresh = $state.raw<NewToken | null>(null);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  now_s = $state(Date.now() / 1000);

  watch(): () => void {
    return poll(() => this.look(), AGAIN_MS);
  }

  /** True where central has done it. */
  create(request: TokenRequest): Promise<boolean> {
    return this.done(async () => (this.fresh = await api.createToken(request)));
  }

  rotate(id: string): Promise<boolean> {
    return this.done(async () => (this.fresh = await api.rotateToken(id)));
  }

  revoke(id: string): Promise<boolean> {
    return this.done(async () => {
      await api.revokeToken(id);
      if (this.fresh?.entry.token_id === id) this.fresh = null;
    });
  }

  cancel(id: string): Promise<boolean> {
    return this.done(() => api.cancelInvitation(id));
  }

  private async done(work: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    try {
      await work();
      await this.look();
      return true;
    } catch (error) {
      this.failure = failure(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  private async look(): Promise<void> {
    try {
      [this.tokens, this.invitations] = await Promise.all([api.tokens(), api.invitations()]);
      this.now_s = Date.now() / 1000;
      this.failure = null;
    } catch (error) {
      this.failure = failure(error);
    }
  }
}
