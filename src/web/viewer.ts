import type { Request } from 'express';
import type { ChannelId } from '../channels/channel.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import type { Membership } from '../channels/membership.ts';
import { lowerLevel, type PermissionLevel } from '../channels/permission-level.ts';
import type { Viewer } from '../channels/viewer.ts';
import type { Clock } from '../lib/clock.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { frameAncestorsOf } from '../lti/frame-ancestors.ts';
import type { PlatformStore } from '../lti/lti-store.ts';
import type { Sessions } from './session.ts';
import type { Grant } from './session-store.ts';

type ViewerFailure = 'no-session' | 'no-such-channel' | 'inactive-registration' | 'no-access';

export type Viewers = {
  /**
   * `as` is the grant's ID from the link; without one the newest launch into the channel counts. One that is over is
   * never replaced by another: in the teacher's tab that could be the LMS's test student.
   */
  resolve(req: Request, channelId: string, as: string | null): Promise<Result<Viewer, ViewerFailure>>;
};

/** How long a launch is good for, in milliseconds, however long other launches keep the session alive. */
const GRANT_MS = 12 * 60 * 60 * 1000;
/** An administrator's, which no membership backs, nor ends. */
const LAUNCH_ONLY_MS = 4 * 60 * 60 * 1000;

export function createViewers(deps: {
  sessions: Pick<Sessions, 'find'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  memberships: Pick<MembershipStore, 'findMembership'>;
  platforms: Pick<PlatformStore, 'findPlatform'>;
  clock: Clock;
}): Viewers {
  return {
    async resolve(req, channelId, as) {
      const session = await deps.sessions.find(req);
      if (!session) return failure('no-session');
      // Without a launch into it a channel does not exist for this browser, whatever role its user has elsewhere.
      const ofChannel = session.grants.filter((grant) => grant.channelId === (channelId as ChannelId));
      if (ofChannel.length === 0) return failure('no-such-channel');
      const grant = chooseGrant(ofChannel, as, deps.clock());
      if (!grant) return failure('no-session');
      const platform = await deps.platforms.findPlatform(grant.platformId);
      if (platform?.status !== 'active') return failure('inactive-registration');
      const channel = await deps.channels.findChannel(grant.channelId);
      if (!channel || channel.deletedAt !== null) return failure('no-such-channel');
      const membership = await deps.memberships.findMembership(channel.id, grant.userId);
      const level = levelOf(grant, membership);
      if (level === null) return failure('no-access');
      const frameAncestors = frameAncestorsOf(platform, grant.frameOrigin);
      return success({ grant, channel, membership, level, userId: grant.userId, frameAncestors });
    },
  };
}

function chooseGrant(grants: readonly Grant[], as: string | null, now: number): Grant | undefined {
  const good = grants.filter((grant) => now - grant.at < (grant.launchOnly ? LAUNCH_ONLY_MS : GRANT_MS));
  return as === null ? good.at(-1) : good.find((grant) => grant.id === as);
}

/**
 * The level that counts in this tab, or null for no access. The launch caps the membership's level (Moodle's "Switch role
 * to… Student" comes with the teacher's own subject); what a person set by hand is not capped.
 */
function levelOf(grant: Grant, membership: Membership | null): PermissionLevel | null {
  if (membership?.inactiveReason === 'by-hand') return null;
  if (grant.launchOnly) return grant.launchLevel;
  if (!membership?.active) return null;
  return membership.override ?? lowerLevel(membership.level, grant.launchLevel);
}
