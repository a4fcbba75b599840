import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit, type Store } from 'express-rate-limit';
import type { Clock } from '../lib/clock.ts';
import { respondProblem } from './problems.ts';
import type { RateLimitStore } from './session-store.ts';

export type RateLimit = {
  /** Parts this limit's counters from others'. */
  name: string;
  /** Requests let through in one window. */
  max: number;
  windowMs: number;
  /** Whom to count; the client's address (an IPv6 /56 as one) if not given. Must not be a secret: it is stored. */
  key?: (req: Request) => string;
};

export type RateLimitDeps = {
  store: RateLimitStore;
  clock: Clock;
  /** Errors of the store in which requests are let through uncounted, so that what only reads goes on; none if not given. */
  isOutage?: (error: unknown) => boolean;
};

/** Makes middleware that refuses with 429 and `Retry-After`; counters stand in the store, so they hold across processes. */
export function createRateLimits(deps: RateLimitDeps): (limit: RateLimit) => RequestHandler {
  return (limit) => {
    const key = limit.key ?? clientAddress;
    return rateLimit({
      windowMs: limit.windowMs,
      limit: limit.max,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      identifier: limit.name,
      store: countersOf(deps, limit),
      keyGenerator: (req) => key(req),
      handler: (req, res) => respondProblem(req, res, 'too-many-requests', { detail: limit.name }),
      // Its checks read keyGenerator's source and warn on the console; ours is covered by tests.
      validate: false,
    });
  };
}

function clientAddress(req: Request): string {
  return ipKeyGenerator(req.ip ?? 'unknown');
}

function countersOf(deps: RateLimitDeps, limit: RateLimit): Store {
  const named = (key: string) => `${limit.name}:${key}`;
  return {
    localKeys: false,
    async increment(key) {
      const now = deps.clock();
      const counted = await deps.store.countHit(named(key), now, limit.windowMs).catch((error: unknown) => {
        if (deps.isOutage?.(error)) return { hits: 1, resetsAt: now + limit.windowMs };
        throw error;
      });
      return { totalHits: counted.hits, resetTime: new Date(counted.resetsAt) };
    },
    decrement: (key) => deps.store.forgetHit(named(key)),
    resetKey: (key) => deps.store.forgetHits(named(key)),
  };
}
