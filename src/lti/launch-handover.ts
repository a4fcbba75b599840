import type { Clock } from '../lib/clock.ts';
import { hashSecret, newSecret, type Random } from '../lib/ids.ts';
import type { Grant, SessionStore } from '../web/session-store.ts';

/** What a launch grants, before a session holds it. */
export type NewGrant = Omit<Grant, 'id' | 'at'>;

/** Carries a grant from a frame that keeps no cookie to a window of its own, by a code that works once, for 2 minutes. */
export type Handovers = {
  /** Keeps the grant and returns its code, which goes into the page in the frame and nowhere else. */
  give(grant: NewGrant): Promise<string>;
  /** The grant of a code that is good and was not used; else null. */
  take(code: unknown): Promise<NewGrant | null>;
};

const HANDOVER_MS = 2 * 60_000;

export function createHandovers(deps: {
  store: Pick<SessionStore, 'createSession' | 'findSession' | 'removeSession'>;
  clock: Clock;
  random: Random;
}): Handovers {
  const { store, clock, random } = deps;
  return {
    async give(grant) {
      const code = newSecret(random);
      const now = clock();
      const grants: Grant[] = [{ ...grant, id: 'handover', at: now }];
      await store.createSession({ idHash: keptAs(code), grants, createdAt: now, expiresAt: now + HANDOVER_MS });
      return code;
    },
    async take(code) {
      if (typeof code !== 'string' || code.length > 100) return null;
      const kept = await store.findSession(keptAs(code), clock());
      if (!kept) return null;
      if (!(await store.removeSession(kept.idHash))) return null;
      const [first] = kept.grants;
      if (!first) return null;
      const { id: _id, at: _at, ...grant } = first;
      return grant;
    },
  };
}

// Set apart from the IDs of sessions: a code in the session cookie opens nothing.
function keptAs(code: string): string {
  return hashSecret(`handover ${code}`);
}
