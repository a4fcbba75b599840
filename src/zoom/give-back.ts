import type { Clock } from '../lib/clock.ts';
import type { Encryption } from '../lib/encryption.ts';
import type { ConnectionId } from './connection.ts';
import { openTokens } from './sealed-tokens.ts';
import type { GrantFailure, ZoomOAuth } from './zoom-oauth.ts';

/**
 * Tells Zoom that a grant is used no more, by the tokens that its connection had. `gone`: Zoom had forgotten it before.
 * `later`: Zoom could not be told now.
 */
export type GiveBack = (grant: {
  connectionId: ConnectionId;
  sealedTokens: string;
}) => Promise<'told' | 'gone' | 'later'>;

export type GiveBackDeps = {
  oauth: Pick<ZoomOAuth, 'refresh' | 'revoke'>;
  encryption: Encryption;
  clock: Clock;
};

/** A token that dies on its way would tell Zoom nothing. */
const AHEAD_MS = 60_000;

export function createGiveBack({ oauth, encryption, clock }: GiveBackDeps): GiveBack {
  return async ({ connectionId, sealedTokens }) => {
    let { access, refresh, expiresAt } = openTokens(encryption, connectionId, sealedTokens);
    if (expiresAt - AHEAD_MS <= clock()) {
      const renewed = await oauth.refresh({ refresh });
      if (!renewed.ok) return outcomeOf(renewed);
      access = renewed.value.tokens.access;
    }
    const answer = await oauth.revoke(access);
    return answer.ok ? 'told' : outcomeOf(answer);
  };
}

function outcomeOf({ reason }: GrantFailure): 'gone' | 'later' {
  return reason === 'ended' ? 'gone' : 'later';
}
