import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, type RateLimitInfo, rateLimit, type Store } from 'express-rate-limit';
import type { Clock } from '../lib/clock.ts';
import { countInPortions } from './hit-portions.ts';
import { respondProblem } from './problems.ts';
import type { RateLimitStore } from './session-store.ts';

export type RateLimit = {
  /** Parts this limit's counters from others'. */
  name: string;
  /** Requests let through in one window. */
  max: number;
  windowMs: number;
  /** Every answer carries `RateLimit` headers (draft 8 of the IETF's httpapi group). */
  tellsRemaining?: boolean;
  /** Whom to count; the client's address (an IPv6 /56 as one) if not given. Must not be a secret: it is stored. */
  key?: (req: Request) => string;
  /** Answers who is over the limit, with `Retry-After` set already; the problem page or document if not given. */
  refuse?: (req: Request, res: Response) => void;
};

export type RateLimitDeps = {
  store: RateLimitStore;
  clock: Clock;
  /** Errors of the store in which requests are let through uncounted, so that what only reads goes on; none if not given. */
  isOutage?: (error: unknown) => boolean;
};

/**
 * Makes middleware that refuses with 429 and `Retry-After`. Counters stand in the store, so they hold across processes;
 * of a limit in the hundreds and more, each process counts a hundredth by itself before it tells the store, so that
 * many are let through beyond it for every process besides the first.
 */
export function createRateLimits(deps: RateLimitDeps): (limit: RateLimit) => RequestHandler {
  return (limit) => {
    const key = limit.key ?? clientAddress;
    const refuse =
      limit.refuse ?? ((req, res) => respondProblem(req, res, 'too-many-requests', { detail: limit.name }));
    return rateLimit({
      windowMs: limit.windowMs,
      limit: limit.max,
      // They take a hash of the key, and help clients that are programs.
      standardHeaders: limit.tellsRemaining ? 'draft-8' : false,
      legacyHeaders: false,
      identifier: limit.name,
      store: countersOf({ ...deps, store: countInPortions(deps.store, Math.floor(limit.max / 100)) }, limit),
      keyGenerator: (req) => key(req),
      handler: (req, res) => {
        res.set('Retry-After', String(secondsLeft(req, deps.clock())));
        refuse(req, res);
      },
      // Its checks read keyGenerator's source and warn on the console; ours is covered by tests.
      validate: false,
    });
  };
}

function clientAddress(req: Request): string {
  return ipKeyGenerator(req.ip ?? 'unknown');
}

function secondsLeft(req: Request & { rateLimit?: RateLimitInfo }, now: number): number {
  const resetsAt = req.rateLimit?.resetTime?.getTime() ?? now;
  return Math.max(1, Math.ceil((resetsAt - now) / 1000));
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
