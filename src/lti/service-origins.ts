import type { Clock } from '../lib/clock.ts';
import type { PlatformStore } from './lti-store.ts';
import { platformOrigins } from './platform.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

/**
 * Remembers the host that a Canvas school serves its rosters from, once per platform: it may be the school's own name,
 * which nothing at registration tells. Signed launches name it; later other hosts are not taken without an operator.
 */
export async function learnServiceOrigin(
  deps: { platforms: PlatformStore; clock: Clock },
  { platform, rosterUrl }: VerifiedLaunch,
): Promise<boolean> {
  if (platform.family !== 'canvas' || rosterUrl === null || platform.serviceOrigins.length > 0) return false;
  const { origin, protocol } = new URL(rosterUrl);
  if (platformOrigins(platform).includes(origin) || protocol !== new URL(platform.tokenUrl).protocol) return false;
  await deps.platforms.recordServiceOrigin(platform.id, origin, deps.clock());
  return true;
}
