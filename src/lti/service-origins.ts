import type { Clock } from '../lib/clock.ts';
import type { PlatformStore } from './lti-store.ts';
import type { Platform } from './platform.ts';
import { mayReceiveToken } from './platform-hosts.ts';
import type { VerifiedLaunch } from './verified-launch.ts';

/**
 * Remembers the host that a Canvas school serves its rosters from, once per platform: it may be the school's own name,
 * which nothing at registration tells. Signed launches name it; later other hosts are not taken without an operator.
 */
export async function learnServiceOrigin(
  deps: { platforms: Pick<PlatformStore, 'recordServiceOrigin'>; clock: Clock },
  { platform, rosterUrl }: Pick<VerifiedLaunch, 'platform' | 'rosterUrl'>,
): Promise<void> {
  if (platform.family !== 'canvas' || rosterUrl === null || mayReceiveToken(platform, rosterUrl)) return;
  const { origin, protocol } = new URL(rosterUrl);
  if (knowsSchoolHost(platform) || protocol !== new URL(platform.tokenUrl).protocol) return;
  await deps.platforms.recordServiceOrigin(platform.id, origin, deps.clock());
}

// Hosts that tokens may be sent to anyway (all of hosted Canvas) do not use up the one that is learnt.
function knowsSchoolHost(platform: Platform): boolean {
  const asRegistered = { ...platform, serviceOrigins: [] };
  return platform.serviceOrigins.some((origin) => !mayReceiveToken(asRegistered, origin));
}
