import type { Request, RequestHandler, Response } from 'express';
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
  /** Answers who is over the limit, with `Retry-After` set already; the problem page or document if not given. */
  refuse?: (req: Request, res: Response) => void;
};

/** Makes middleware that refuses with 429 and `Retry-After`; counters stand in the store, so they hold across processes. */
export function createRateLimits(deps: { store: RateLimitStore; clock: Clock }): (limit: RateLimit) => RequestHandler {
  return (limit) => {
    const key = limit.key ?? clientAddress;
    const refuse =
      limit.refuse ?? ((req, res) => respondProblem(req, res, 'too-many-requests', { detail: limit.name }));
    return rateLimit({
      windowMs: limit.windowMs,
      limit: limit.max,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      identifier: limit.name,
      store: countersOf(deps, limit),
      keyGenerator: (req) => key(req),
      handler: (req, res) => refuse(req, res),
      // Its checks read keyGenerator's source and warn on the console; ours is covered by tests.
      validate: false,
    });
  };
}

function clientAddress(req: Request): string {
  return ipKeyGenerator(req.ip ?? 'unknown');
}

function countersOf(deps: { store: RateLimitStore; clock: Clock }, limit: RateLimit): Store {
  const named = (key: string) => `${limit.name}:${key}`;
  return {
    localKeys: false,
    async increment(key) {
      const { hits, resetsAt } = await deps.store.countHit(named(key), deps.clock(), limit.windowMs);
      return { totalHits: hits, resetTime: new Date(resetsAt) };
    },
    decrement: (key) => deps.store.forgetHit(named(key)),
    resetKey: (key) => deps.store.forgetHits(named(key)),
  };
}
