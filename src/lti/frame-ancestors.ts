import type { PlatformStore } from './lti-store.ts';
import { type Platform, platformOrigins } from './platform.ts';
import { isHostedCanvasHost } from './platform-hosts.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

/** Whose frames may hold pages that nobody was let into yet, kept at hand because the headers of each name them. */
export type FrameAncestors = {
  /**
   * The origins of all active platforms; none, so that our own pages alone may hold it, when there are more than 40: the
   * header would grow by each of them, and tell every visitor who uses the tool. Nothing an LMS opens is such a page.
   */
  current(): string[];
  /** Reads the registry again; another process or the command line may have added a platform. */
  refresh(): Promise<void>;
};

const ORIGINS_AT_MOST = 40;

export function createFrameAncestors(platforms: Pick<PlatformStore, 'listPlatforms'>): FrameAncestors {
  let origins: string[] = [];
  return {
    current: () => origins,
    async refresh() {
      const known = await platforms.listPlatforms();
      const active = known.filter(({ status }) => status === 'active');
      const all = [...new Set(active.flatMap((platform) => frameAncestorsOf(platform, null)))];
      origins = all.length > ORIGINS_AT_MOST ? [] : all;
    },
  };
}

/** Whose frames may hold the pages of a platform's people; `frameOrigin` is where their own launch came from. */
export function frameAncestorsOf(platform: Platform, frameOrigin: string | null): string[] {
  const origins = [...new Set([...platformOrigins(platform), ...(frameOrigin ? [frameOrigin] : [])])].filter(isSource);
  // Hosted Canvas signs in under one name and serves each school under another.
  const hosted = platform.family === 'canvas' && origins.some((origin) => isHostedCanvasHost(new URL(origin).hostname));
  return hosted ? [...origins, 'https://*.instructure.com'] : origins;
}

/**
 * The origin of the page that a launch came from, or null. A Canvas school may have a host of its own name, which the
 * registration does not tell; the signed return URL does, also where no roster is offered. The URL itself is kept nowhere.
 */
export function frameOriginOf({ platform, returnUrl }: Pick<VerifiedLaunch, 'platform' | 'returnUrl'>): string | null {
  if (returnUrl === null || !URL.canParse(returnUrl)) return null;
  const { origin, protocol } = new URL(returnUrl);
  const isAsSafe = protocol === 'https:' || protocol === new URL(platform.authUrl).protocol;
  return isAsSafe && isSource(origin) ? origin : null;
}

// A URL's host may hold ";", "," and "*", which in a policy would say something else.
function isSource(origin: string): boolean {
  return /^https?:\/\/[\w-]+(\.[\w-]+)*(:\d+)?$/.test(origin);
}
