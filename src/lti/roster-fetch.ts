import type { Logger } from 'pino';
import type { RosterFailure } from '../channels/roster-source.ts';
import { failure, type Success } from '../lib/result.ts';
import type { LtiEngine } from './ltijs/engine.ts';
import type { PageFailure, RosterPage } from './ltijs/roster-pages.ts';
import type { Platform } from './platform.ts';

export type RosterLimits = {
  pages: number;
  members: number;
  pageBytes: number;
  pageTimeoutMs: number;
  /** How often a page is asked for again after a cut connection or a fault of the LMS. */
  retries: number;
  /** The first pause when the LMS asks for fewer requests; doubles from there. */
  firstWaitMs: number;
  /** A longer wait asked for by the LMS ends the walk: a later run is better than a lease held so long. */
  longestWaitMs: number;
  /** All pauses of one walk together. */
  waitBudgetMs: number;
};

export const ROSTER_LIMITS: RosterLimits = {
  pages: 5_000,
  members: 500_000,
  pageBytes: 64 * 1024 * 1024,
  pageTimeoutMs: 90_000,
  retries: 2,
  firstWaitMs: 2_000,
  longestWaitMs: 5 * 60_000,
  waitBudgetMs: 15 * 60_000,
};

export type FetcherDeps = {
  engine: Pick<LtiEngine, 'rosterPage'>;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  jitter: () => number;
  limits: RosterLimits;
};

type Walk = { platform: Platform; signal: AbortSignal; log?: Logger | undefined };

/** `onNext` is told of the next page before the members of this one are read; never if the page cannot be had. */
type PageFetcher = (url: string, onNext: (next: string | null) => void) => Promise<Success<RosterPage> | RosterFailure>;

/** Fetches pages with pauses and repeats; the budget of pauses is that of the whole walk. */
export function createPageFetcher(deps: FetcherDeps, walk: Walk): PageFetcher {
  const { limits } = deps;
  const { platform, signal, log } = walk;
  const request = { signal, log, timeoutMs: limits.pageTimeoutMs, maxBytes: limits.pageBytes };
  let waited = 0;

  /** False when the wait would be over the budget, or was ended by the signal. */
  async function pause(ms: number): Promise<boolean> {
    if (waited + ms > limits.waitBudgetMs) return false;
    waited += ms;
    await deps.sleep(ms, signal).catch(() => {});
    return !signal.aborted;
  }

  return async function fetchPage(url, onNext) {
    const tried = { soon: 0, later: 0 };
    for (;;) {
      const page = await deps.engine.rosterPage(platform, url, { ...request, onNext });
      if (signal.aborted) return failure('interrupted');
      if (page.ok) return page;
      const ms = waitBeforeRetry(page, tried, deps);
      if (ms !== null && (await pause(ms))) continue;
      return signal.aborted ? failure('interrupted') : page;
    }
  };
}

/** How long to wait before the page is asked for again, or null when it is not. Counts the try. */
function waitBeforeRetry(page: PageFailure, tried: { soon: number; later: number }, deps: FetcherDeps): number | null {
  const { limits, jitter } = deps;
  if (page.retry === 'no') return null;
  const before = tried[page.retry]++;
  if (page.retry === 'soon' && before >= limits.retries) return null;
  if (page.retryAfterMs !== null) return page.retryAfterMs <= limits.longestWaitMs ? page.retryAfterMs : null;
  const doubled = Math.min(limits.firstWaitMs * 2 ** before, limits.longestWaitMs);
  return Math.round(doubled * (0.5 + jitter()));
}
