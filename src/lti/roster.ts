import type { RosterSource } from '../channels/roster-source.ts';
import type { SyncFailure } from '../channels/sync-run.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { PlatformStore } from './lti-store.ts';
import type { LtiEngine } from './ltijs/engine.ts';
import type { RosterPage } from './ltijs/roster-pages.ts';
import type { Platform } from './platform.ts';
import { mayReceiveToken } from './platform-hosts.ts';
import { createPageFetcher, ROSTER_LIMITS, type RosterLimits } from './roster-fetch.ts';

export type RosterReaderDeps = {
  engine: Pick<LtiEngine, 'rosterPage'>;
  platforms: Pick<PlatformStore, 'findPlatform'>;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** From 0 up to 1: spreads the pauses of walks that were refused together. */
  jitter: () => number;
  limits?: Partial<RosterLimits>;
};

/**
 * Rosters by NRPS 2.0: every page, in order, following `next` links as they are. Somebody listed twice (Moodle pages by
 * offset over a list that may move) is yielded twice; uniting them is for whoever keeps the people.
 */
export function createRosterReader(deps: RosterReaderDeps): RosterSource {
  const limits = { ...ROSTER_LIMITS, ...deps.limits };
  return async function* walk({ platformId, contextId, rosterUrl, signal }) {
    const platform = await deps.platforms.findPlatform(platformId);
    if (platform?.status !== 'active') return failure('platform-inactive');
    const fetchPage = createPageFetcher({ ...deps, limits }, { platform, signal });
    const seen = new Set<string>();
    let members = 0;
    for (let next: string | null = rosterUrl; next !== null; ) {
      const refused = checkUrl(platform, next, seen, limits);
      if (refused) return refused;
      seen.add(next);
      const page: Result<RosterPage, SyncFailure> = await fetchPage(next);
      if (!page.ok) return page;
      members += page.value.listed;
      const wrong = checkPage(page.value, { contextId, members, limits });
      if (wrong) return wrong;
      yield page.value.members;
      next = page.value.next;
    }
    return success({ pages: seen.size });
  };
}

function checkUrl(platform: Platform, url: string, seen: ReadonlySet<string>, limits: RosterLimits) {
  // The token goes along, so the LMS's own links are not trusted to stay with the LMS.
  if (!mayReceiveToken(platform, url)) return failure('foreign-link', originOf(url));
  if (seen.has(url)) return failure('page-loop');
  if (seen.size >= limits.pages) return failure('too-many-pages', `more than ${limits.pages} pages`);
  return null;
}

function checkPage(page: RosterPage, walk: { contextId: string; members: number; limits: RosterLimits }) {
  if (page.contextId !== walk.contextId) return failure('other-context', `context ${page.contextId}`);
  if (walk.members > walk.limits.members) return failure('too-large', `more than ${walk.limits.members} members`);
  return null;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'not a URL';
}
