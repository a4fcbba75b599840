import type { Request } from 'express';
import type { ChannelId } from '../channels/channel.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import type { Membership } from '../channels/membership.ts';
import { lowerLevel, type PermissionLevel } from '../channels/permission-level.ts';
import type { Viewer } from '../channels/viewer.ts';
import { failure, type Result, success } from '../lib/result.ts';
import type { Sessions } from './session.ts';
import type { Grant } from './session-store.ts';

type ViewerFailure = 'no-session' | 'no-such-channel' | 'no-access';

export type Viewers = {
  /** `as` is the grant's ID from the link; without one, or with one of another channel, the newest launch counts. */
  resolve(req: Request, channelId: string, as: string | null): Promise<Result<Viewer, ViewerFailure>>;
};

export function createViewers(deps: {
  sessions: Pick<Sessions, 'find'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  memberships: Pick<MembershipStore, 'findMembership'>;
}): Viewers {
  return {
    async resolve(req, channelId, as) {
      const session = await deps.sessions.find(req);
      if (!session) return failure('no-session');
      // Without a launch into it a channel does not exist for this browser, whatever role its user has elsewhere.
      const grant = chooseGrant(session.grants, channelId, as);
      if (!grant) return failure('no-such-channel');
      const channel = await deps.channels.findChannel(grant.channelId);
      if (!channel || channel.deletedAt !== null) return failure('no-such-channel');
      const membership = await deps.memberships.findMembership(channel.id, grant.userId);
      const level = levelOf(grant, membership);
      if (level === null) return failure('no-access');
      return success({ grant, channel, membership, level, userId: grant.userId });
    },
  };
}

function chooseGrant(grants: readonly Grant[], channelId: string, as: string | null): Grant | null {
  const ofChannel = grants.filter((grant) => grant.channelId === (channelId as ChannelId));
  return ofChannel.find((grant) => grant.id === as) ?? ofChannel.at(-1) ?? null;
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
