import type { RosterFailure, RosterSource } from '../channels/roster-source.ts';
import { failure, type Success, success } from '../lib/result.ts';
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
  return async function* walk({ platformId, contextId, rosterUrl, signal, log }) {
    const platform = await deps.platforms.findPlatform(platformId);
    if (platform?.status !== 'active') return failure('platform-inactive');
    const ended = new AbortController();
    const fetchPage = createPageFetcher(
      { ...deps, limits },
      { platform, signal: AbortSignal.any([signal, ended.signal]), log },
    );
    const seen = new Set<string>();
    let members = 0;

    const ask = (url: string): AskedPage => {
      const refused = checkUrl(platform, url, seen, limits);
      if (refused) return { page: Promise.resolve(refused), next: Promise.resolve(null) };
      seen.add(url);
      return askFor(url, fetchPage);
    };

    try {
      for (let asked: AskedPage | null = ask(rosterUrl); asked !== null; ) {
        // One page ahead, and no more: the LMS makes the next one while this one is read and kept.
        const ahead: Promise<AskedPage | null> = asked.next.then((next) => (next === null ? null : ask(next)));
        const page: Success<RosterPage> | RosterFailure = await asked.page;
        if (!page.ok) return page;
        members += page.value.listed;
        const wrong = checkPage(page.value, { contextId, members, limits });
        if (wrong) return wrong;
        yield page.value.members;
        asked = await ahead;
      }
      return success({ pages: seen.size });
    } finally {
      ended.abort();
    }
  };
}

type AskedPage = {
  page: Promise<Success<RosterPage> | RosterFailure>;
  /** The next page's address, known before this page is read; null also when this page cannot be had. */
  next: Promise<string | null>;
};

function askFor(url: string, fetchPage: ReturnType<typeof createPageFetcher>): AskedPage {
  let tell: (next: string | null) => void = () => {};
  const next = new Promise<string | null>((resolve) => {
    tell = resolve;
  });
  const page = fetchPage(url, tell);
  // A page asked for ahead may fail before anybody waits for it; whoever waits is told, and nobody else.
  page.then(
    () => tell(null),
    () => tell(null),
  );
  return { page, next };
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
