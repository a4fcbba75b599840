import type { Request } from 'express';
import type { Channel, ChannelId, PlatformId } from '../channels/channel.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import type { Membership } from '../channels/membership.ts';
import { lowerLevel, type PermissionLevel } from '../channels/permission-level.ts';
import type { Viewer, Visitor } from '../channels/viewer.ts';
import type { Clock } from '../lib/clock.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { frameAncestorsOf } from '../lti/frame-ancestors.ts';
import type { PlatformStore } from '../lti/lti-store.ts';
import type { Sessions } from './session.ts';
import type { Grant } from './session-store.ts';

type VisitorFailure = 'no-session' | 'inactive-registration';
type ViewerFailure = VisitorFailure | 'no-such-channel' | 'no-access';

export type Viewers = {
  /**
   * Who looks at a channel. `as` is the grant's ID from the link; without one the newest launch into the channel counts,
   * else the newest of the channel's platform. One that is over is never replaced by another: in the teacher's tab that
   * could be the LMS's test student.
   */
  resolve(req: Request, channelId: string, as: string | null): Promise<Result<Viewer, ViewerFailure>>;
  /** Who looks at pages that belong to no channel. The LMS's test student is nobody there. */
  visitor(req: Request, as: string | null): Promise<Result<Visitor, VisitorFailure | 'not-allowed'>>;
};

export type ViewerDeps = {
  sessions: Pick<Sessions, 'find'>;
  channels: Pick<ChannelStore, 'findChannel'>;
  memberships: Pick<MembershipStore, 'findMembership'>;
  platforms: Pick<PlatformStore, 'findPlatform'>;
  clock: Clock;
};

/** How long a launch is good for, in milliseconds, however long other launches keep the session alive. */
const GRANT_MS = 12 * 60 * 60 * 1000;
/** An administrator's, which no membership backs, nor ends. */
const LAUNCH_ONLY_MS = 4 * 60 * 60 * 1000;

export function createViewers(deps: ViewerDeps): Viewers {
  return {
    async resolve(req, channelId, as) {
      const session = await deps.sessions.find(req);
      if (!session) return failure('no-session');
      const channel = await findChannel(deps, channelId as ChannelId);
      const grant = grantFor(session.grants, {
        channelId,
        platformId: channel?.platformId ?? null,
        as,
        now: deps.clock(),
      });
      if (!grant.ok) return grant;
      if (channel?.platformId !== grant.value.platformId) return failure('no-such-channel');
      const visitor = await visitorOf(deps, grant.value);
      if (!visitor.ok) return visitor;
      const membership = await deps.memberships.findMembership(channel.id, grant.value.userId);
      const level = levelOf(grant.value, channel, membership);
      if (level === 'no-access' || level === 'no-such-channel') return failure(level);
      const isOwner = channel.ownerId === grant.value.userId && level === 'manager';
      const isAdministrator = grant.value.launchOnly && grant.value.channelId === channel.id;
      return success({ ...visitor.value, channel, membership, level, isOwner, isAdministrator });
    },
    async visitor(req, as) {
      const session = await deps.sessions.find(req);
      const good = session ? goodGrants(session.grants, deps.clock()) : [];
      const grant = as === null ? good.at(-1) : good.find(({ id }) => id === as);
      if (!grant) return failure('no-session');
      return grant.isTest ? failure('not-allowed') : visitorOf(deps, grant);
    },
  };
}

async function findChannel({ channels }: ViewerDeps, id: ChannelId): Promise<Channel | null> {
  const channel = await channels.findChannel(id);
  return channel && channel.deletedAt === null ? channel : null;
}

async function visitorOf({ platforms }: ViewerDeps, grant: Grant): Promise<Result<Visitor, VisitorFailure>> {
  const platform = await platforms.findPlatform(grant.platformId);
  if (platform?.status !== 'active') return failure('inactive-registration');
  const { userId, platformId, tenant, frameOrigin } = grant;
  return success({ grant, userId, platformId, tenant, frameAncestors: frameAncestorsOf(platform, frameOrigin) });
}

function grantFor(
  grants: readonly Grant[],
  wanted: { channelId: string; platformId: PlatformId | null; as: string | null; now: number },
): Result<Grant, 'no-session' | 'no-such-channel'> {
  const good = goodGrants(grants, wanted.now);
  const named = good.find(({ id }) => id === wanted.as);
  if (wanted.as !== null) return named ? success(named) : failure('no-session');
  const isOf = (grant: Grant) => grant.channelId === (wanted.channelId as ChannelId);
  const found = good.findLast(isOf) ?? good.findLast(({ platformId }) => platformId === wanted.platformId);
  if (found) return success(found);
  return failure(grants.some(isOf) ? 'no-session' : 'no-such-channel');
}

function goodGrants(grants: readonly Grant[], now: number): Grant[] {
  return grants.filter((grant) => now - grant.at < (grant.launchOnly ? LAUNCH_ONLY_MS : GRANT_MS));
}

/** The level that counts in this tab, null for somebody who may look in without being a member, or why there is none. */
function levelOf(
  grant: Grant,
  channel: Channel,
  membership: Membership | null,
): PermissionLevel | null | 'no-access' | 'no-such-channel' {
  if (membership?.inactiveReason === 'by-hand') return 'no-access';
  const launchedHere = grant.channelId === channel.id;
  if (launchedHere && grant.launchOnly) return grant.launchLevel;
  // The test student exists in the course it was launched from alone.
  if (!launchedHere && grant.isTest) return 'no-such-channel';
  if (membership) return membership.active ? memberLevel(grant, membership, launchedHere) : 'no-access';
  if (channel.privacy !== 'private' && channel.tenant === grant.tenant) return null;
  return launchedHere ? 'no-access' : 'no-such-channel';
}

/**
 * The launch caps the membership's level in its own channel (Moodle's "Switch role to… Student" comes with the teacher's
 * own subject); what a person set by hand is not capped.
 */
function memberLevel(grant: Grant, membership: Membership, launchedHere: boolean): PermissionLevel {
  if (!launchedHere) return membership.level;
  return membership.override ?? lowerLevel(membership.level, grant.launchLevel);
}
