import type { Clock } from '../lib/clock.ts';

type AccessToken = { clientId: string; scopes: string[]; expiresAt: number };

export type AccessTokens = {
  keep(token: string, grant: AccessToken): void;
  /** What the token in an Authorization header grants; null when there is none or it is unknown or expired. */
  read(authorization: string | undefined): AccessToken | null;
  drop(authorization: string | undefined): void;
  /** All tokens stop working, as after a restart of the LMS. */
  dropAll(): void;
};

export function createAccessTokens(clock: Clock): AccessTokens {
  const tokens = new Map<string, AccessToken>();
  return {
    keep(token, grant) {
      for (const [old, { expiresAt }] of tokens) if (expiresAt < clock()) tokens.delete(old);
      tokens.set(token, grant);
    },
    read(authorization) {
      const grant = tokens.get(bearer(authorization));
      return grant && grant.expiresAt >= clock() ? grant : null;
    },
    drop: (authorization) => void tokens.delete(bearer(authorization)),
    dropAll: () => tokens.clear(),
  };
}

/** The token of an Authorization header; empty when it is not a Bearer one. */
export function bearer(authorization: string | undefined): string {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
}
