import type { PlatformStore } from './lti-store.ts';
import { type Platform, platformOrigins } from './platform.ts';

/** Whose frames may hold our pages, kept at hand because every page's headers name them. */
export type FrameAncestors = {
  current(): string[];
  /** Reads the registry again; another process or the command line may have added a platform. */
  refresh(): Promise<void>;
};

export function createFrameAncestors(platforms: Pick<PlatformStore, 'listPlatforms'>): FrameAncestors {
  let origins: string[] = [];
  return {
    current: () => origins,
    async refresh() {
      const known = await platforms.listPlatforms();
      origins = [...new Set(known.filter(({ status }) => status !== 'disabled').flatMap(ancestorsOf))];
    },
  };
}

/** Hosted Canvas signs in under one name and serves each school under another. */
function ancestorsOf(platform: Platform): string[] {
  const origins = platformOrigins(platform);
  const hosted =
    platform.family === 'canvas' && origins.some((origin) => /\.(instructure|canvaslms)\.com$/.test(origin));
  return hosted ? [...origins, 'https://*.instructure.com'] : origins;
}
