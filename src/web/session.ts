import type { Request, Response } from 'express';
import type { Clock } from '../lib/clock.ts';
import { hashSecret, newSecret, type Random } from '../lib/ids.ts';
import { readCookie, setFrameCookie } from './cookies.ts';
import type { Grant, Session, SessionStore } from './session-store.ts';

export const SESSION_COOKIE = '__Host-rostrum-session';
export const LOGIN_COOKIE = '__Host-rostrum-login';

const SESSION_MS = 12 * 60 * 60 * 1000;
const LOGIN_MS = 60 * 60 * 1000;
const GRANTS_KEPT = 50;

/** Browsers' sessions: a random secret in a cookie, its hash in the store, one grant for each launch. */
export type Sessions = {
  /** The secret that ties a login to this browser, or null. */
  browserSecret(req: Request): string | null;
  /** Gives the browser such a secret and returns it; a browser that has one keeps it, so that two frames that log in at once do not undo each other. */
  issueBrowserSecret(req: Request, res: Response): string;
  /**
   * Adds a grant to the browser's session, or opens one; it lasts 12 hours from here. On a shared computer the grants
   * that somebody else has on the platform end with it; the LMS's test student is nobody else to the teacher.
   */
  start(req: Request, res: Response, grant: Omit<Grant, 'id' | 'at'>): Promise<Grant>;
  find(req: Request): Promise<Session | null>;
};

export function createSessions(deps: { store: SessionStore; clock: Clock; random: Random }): Sessions {
  const { store, clock, random } = deps;
  return {
    browserSecret: (req) => readSecret(req, LOGIN_COOKIE),
    issueBrowserSecret(req, res) {
      const secret = readSecret(req, LOGIN_COOKIE) ?? newSecret(random);
      setFrameCookie(res, { name: LOGIN_COOKIE, value: secret, maxAgeMs: LOGIN_MS });
      return secret;
    },
    async start(req, res, given) {
      const now = clock();
      const grant: Grant = { ...given, id: newGrantId(random), at: now };
      const expiresAt = now + SESSION_MS;
      const known = readSecret(req, SESSION_COOKIE);
      const onePersonOf = grant.isTest ? null : grant.platformId;
      const options = { keep: GRANTS_KEPT, now, expiresAt, onePersonOf };
      const added = known !== null && (await store.addGrant(hashSecret(known), grant, options));
      const secret = added ? known : newSecret(random);
      if (!added) {
        await store.createSession({ idHash: hashSecret(secret), grants: [grant], createdAt: now, expiresAt });
      }
      setFrameCookie(res, { name: SESSION_COOKIE, value: secret, maxAgeMs: SESSION_MS });
      return grant;
    },
    async find(req) {
      const secret = readSecret(req, SESSION_COOKIE);
      return secret === null ? null : store.findSession(hashSecret(secret), clock());
    },
  };
}

/** A secret of ours from a cookie; null for anything that does not look like one, so that no store is asked for it. */
export function readSecret(req: Request, name: string): string | null {
  const value = readCookie(req, name);
  return value !== null && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null;
}

// Not a secret: it only tells this browser's grants apart.
function newGrantId(random: Random): string {
  return random(9).toString('base64url');
}
