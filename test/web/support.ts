import express, { type Express, type Router } from 'express';
import type { Clock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createServer } from '../../src/web/server.ts';
import type { RateLimitStore, Session, SessionStore } from '../../src/web/session-store.ts';

export const PUBLIC_URL = 'https://rostrum.test';

export type TestServer = { app: Express; logged: () => Record<string, unknown>[] };

/** The real server around `routes`, its log kept in memory. */
export function testServer(
  routes: (router: Router) => void = () => {},
  options: { frameAncestors?: string[]; clock?: Clock; production?: boolean } = {},
): TestServer {
  const lines: string[] = [];
  const router = express.Router();
  routes(router);
  const app = createServer({
    publicUrl: PUBLIC_URL,
    trustProxy: false,
    logger: createLog('debug', { write: (line: string) => lines.push(line) }),
    routers: [router],
    frameAncestors: () => options.frameAncestors ?? ['https://canvas.test'],
    clock: options.clock ?? Date.now,
    random: systemRandom,
    production: options.production ?? false,
  });
  return { app, logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** Sessions in memory, with the port's rules. */
export function memorySessions(): SessionStore & { all: Map<string, Session> } {
  const all = new Map<string, Session>();
  return {
    all,
    async createSession(session) {
      all.set(session.idHash, session);
    },
    async findSession(idHash, now) {
      const found = all.get(idHash);
      return found && found.expiresAt > now ? found : null;
    },
    async addGrant(idHash, grant, { keep, now, expiresAt, onePersonOf }) {
      const found = all.get(idHash);
      if (!found || found.expiresAt <= now) return false;
      const others = found.grants.filter((one) => one.platformId === onePersonOf && one.userId !== grant.userId);
      const dropped = others.some((one) => !one.isTest) ? others : [];
      const beside = found.grants.filter((one) => !dropped.includes(one));
      all.set(idHash, { ...found, grants: [...beside, grant].slice(-keep), expiresAt });
      return true;
    },
    async removeSession(idHash) {
      return all.delete(idHash);
    },
  };
}

/** Counters in memory, with the port's rules. */
export function memoryRateLimits(): RateLimitStore {
  const counters = new Map<string, { hits: number; resetsAt: number }>();
  return {
    async countHit(key, now, windowMs, hits = 1) {
      const known = counters.get(key);
      const current = known && known.resetsAt > now ? known : { hits: 0, resetsAt: now + windowMs };
      const next = { ...current, hits: current.hits + hits };
      counters.set(key, next);
      return next;
    },
    async forgetHit(key) {
      const known = counters.get(key);
      if (known) counters.set(key, { ...known, hits: Math.max(0, known.hits - 1) });
    },
    async forgetHits(key) {
      counters.delete(key);
    },
  };
}

/** The name=value part of a Set-Cookie of an answer, to be sent back. */
export function cookieOf(setCookie: string | string[] | undefined, name: string): string {
  const all = setCookie === undefined ? [] : [setCookie].flat();
  const found = all.find((cookie) => cookie.startsWith(`${name}=`));
  if (!found) throw new Error(`No cookie ${name} was set`);
  return found.split(';')[0] ?? '';
}
