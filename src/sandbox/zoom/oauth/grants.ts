import { newSecret } from '../../../lib/ids.ts';
import { failure, type Result, success } from '../../../lib/result.ts';
import type { ZoomClock } from '../clock.ts';
import type { ZoomFaults } from '../faults.ts';
import type { ZoomUser, ZoomUsers } from '../users.ts';
import { readToken, signToken, type TokenContent } from './signed-token.ts';
import type { TokenRefusalName } from './token-refusals.ts';

/** How a grant ended: by a newer authorisation of the same person, or because somebody removed the app. */
export type GrantEnd = 'newer' | 'removed';

/** What one person allowed the app. */
export type Grant = {
  id: string;
  /** Key of the person. */
  user: string;
  scopes: string[];
  /** The person let the app use what others share with them. */
  shared: boolean;
  /** Its API is at the other base address. */
  regional: boolean;
  /** Counts the pairs of tokens; only the newest is good under strict rotation. */
  pair: number;
  end: GrantEnd | null;
};

export type TokenPair = { access: string; refresh: string; expiresInSeconds: number; grant: Grant };

export type Grants = {
  /** A new grant; the one that the person gave before ends. */
  issue(user: ZoomUser, allowed: Pick<Grant, 'scopes' | 'shared'>): TokenPair;
  refresh(refreshToken: string): Result<TokenPair, TokenRefusalName>;
  /** Whose access token it is, as far as it is good. */
  readAccess(token: string): Result<{ grant: Grant; user: ZoomUser }, 'invalid' | 'expired'>;
  /** Ends the grant of an access or refresh token; the person, or null when it is none. */
  revoke(token: string): ZoomUser | null;
  /** Ends the live grant of a person; false when there is none. */
  end(user: string, how: GrantEnd): boolean;
  live(user: string): Grant | undefined;
  reset(): void;
};

export type GrantsDeps = { users: ZoomUsers; clock: ZoomClock; faults: ZoomFaults; secret: string };

/** A refresh token that nobody uses for so long is dead. */
const REFRESH_LIFE_MS = 90 * 86_400_000;

/** Grants of the app: one live one of each person. */
export function createGrants({ users, clock, faults, secret }: GrantsDeps): Grants {
  const grants = new Map<string, Grant>();
  let startedAt = clock.now();

  const live = (user: string) => [...grants.values()].find((grant) => grant.user === user && grant.end === null);
  const end = (user: string, how: GrantEnd) => {
    const grant = live(user);
    if (grant) grant.end = how;
    return grant !== undefined;
  };
  const makePair = (grant: Grant): TokenPair => {
    const now = clock.now();
    const { id, user, scopes, shared, regional, pair } = grant;
    const content = { grant: id, user, scopes, shared, regional, pair, issuedAt: now };
    const expiresInSeconds = faults.expiresInSeconds;
    return {
      access: signToken({ ...content, kind: 'access', expiresAt: now + expiresInSeconds * 1000 }, secret),
      refresh: signToken({ ...content, kind: 'refresh', expiresAt: now + REFRESH_LIFE_MS }, secret),
      expiresInSeconds,
      grant,
    };
  };
  // Of a token from before the last start nothing is known but what it says.
  const restore = ({ grant: id, user, scopes, shared, regional, pair, issuedAt }: TokenContent) => {
    if (issuedAt > startedAt || live(user) || !users.find(user)) return undefined;
    const grant: Grant = { id, user, scopes, shared, regional, pair, end: null };
    grants.set(id, grant);
    return grant;
  };
  const read = (token: string, kind: TokenContent['kind'] | null) => {
    const content = readToken(token, secret);
    if (!content || (kind !== null && content.kind !== kind)) return null;
    const grant = grants.get(content.grant) ?? restore(content);
    return grant ? { content, grant, user: users.find(grant.user) } : null;
  };

  return {
    live,
    end,
    issue(user, allowed) {
      end(user.key, 'newer');
      const id = newSecret().slice(0, 16);
      const grant: Grant = { ...allowed, id, user: user.key, regional: faults.regionalApi, pair: 1, end: null };
      grants.set(id, grant);
      return makePair(grant);
    },
    refresh(token) {
      const found = read(token, 'refresh');
      if (!found) return failure('dead');
      const { grant, user, content } = found;
      if (!user || user.status === 'removed') return failure('owner-gone');
      if (grant.end) return failure(grant.end === 'newer' ? 'newer' : 'dead');
      const oldest = faults.rotation === 'strict' ? grant.pair : grant.pair - 1;
      if (content.expiresAt <= clock.now() || content.pair < oldest) return failure('dead');
      grant.pair++;
      return success(makePair(grant));
    },
    readAccess(token) {
      const found = read(token, 'access');
      if (!found?.user || found.user.status === 'removed' || found.grant.end) return failure('invalid');
      const { content, grant, user } = found;
      if (faults.appDisabled || faults.adminDisabled) return failure('invalid');
      if (faults.rotation === 'strict' && content.pair < grant.pair) return failure('invalid');
      return content.expiresAt <= clock.now() ? failure('expired') : success({ grant, user });
    },
    revoke(token) {
      const found = read(token, null);
      if (!found || found.grant.end) return null;
      found.grant.end = 'removed';
      return found.user ?? null;
    },
    reset() {
      grants.clear();
      // Tokens from before are not taken up again.
      startedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
