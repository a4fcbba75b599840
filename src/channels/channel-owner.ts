import { failure, type Result, success } from '../lib/result.ts';
import { recordActivity, writeState } from './activity.ts';
import type { Channel, ChannelId, UserId } from './channel.ts';
import type { ChannelStore } from './channel-store.ts';
import { inChannel, type ManageMembersDeps, type MemberResult, writeMember } from './manage-members.ts';
import { addedByHand, emptyMembership, type Membership } from './membership.ts';

export type ChangeOwnerDeps = ManageMembersDeps & { channels: Pick<ChannelStore, 'findChannel' | 'updateChannel'> };

export type ChangeOwnerRequest = {
  channelId: ChannelId;
  /** Null: the channel has no owner any more; its managers share what was the owner's. */
  ownerId: UserId | null;
  /** Who owned it when the caller looked; undefined: whoever does. */
  seenOwnerId?: UserId | null;
  actor: string;
};

export type OwnerRefusal = 'no-such-channel' | 'no-such-person' | 'test-student' | 'changed-meanwhile';

/** Other writers of the channel may be quicker; what they wrote is kept. */
const ATTEMPTS = 5;

/**
 * Makes a person of the platform the owner. That they are a manager, and stay one whatever the roster says, is a
 * membership set by hand; the former owner keeps theirs, as one manager among others.
 */
export async function changeOwner(
  deps: ChangeOwnerDeps,
  { channelId, ownerId, seenOwnerId, actor }: ChangeOwnerRequest,
): Promise<Result<{ channel: Channel; activityId: string | null }, OwnerRefusal>> {
  return inChannel(deps, channelId, async (channel): Promise<Result<Owned, OwnerRefusal>> => {
    if (channel.ownerId === ownerId) return success({ channel, activityId: null });
    if (seenOwnerId !== undefined && seenOwnerId !== channel.ownerId) return failure('changed-meanwhile');
    let enteredBy: string | null = null;
    if (ownerId !== null) {
      // First the membership: a manager who does not own the channel yet does no harm, an owner who is none would.
      const entered = await enterOwner(deps, channel, ownerId, actor);
      if (!entered.ok) return entered;
      enteredBy = entered.value.activityId;
    }
    const written = await writeOwner(deps, channel, ownerId);
    if (!written) return failure('changed-meanwhile');
    const to: OwnerState = enteredBy === null ? { ownerId } : { ownerId, enteredBy };
    const activityId = await recordActivity(deps, {
      action: 'channel.owner',
      actor,
      channelId,
      platformId: channel.platformId,
      subjectUserId: ownerId ?? channel.ownerId,
      from: writeState({ ownerId: channel.ownerId }),
      to: writeState(to),
    });
    return success({ channel: written, activityId });
  });
}

/** Null when the channel was deleted meanwhile. Settings, and titles that launches bring, do not stand in the way. */
async function writeOwner(
  { channels, clock }: ChangeOwnerDeps,
  channel: Channel,
  ownerId: UserId | null,
): Promise<Channel | null> {
  let current: Channel | null = channel;
  for (let attempt = 1; attempt <= ATTEMPTS && current !== null && current.deletedAt === null; attempt++) {
    const written: Channel | null = await channels.updateChannel({ ...current, ownerId }, clock());
    if (written) return written;
    current = await channels.findChannel(channel.id);
  }
  return null;
}

/** What an event of a new owner tells: `enteredBy` is the one that made them a manager, if they were none. */
export type OwnerState = { ownerId: UserId | null; enteredBy?: string };

type Owned = { channel: Channel; activityId: string | null };

async function enterOwner(
  deps: ChangeOwnerDeps,
  channel: Channel,
  userId: UserId,
  actor: string,
): Promise<Result<MemberResult, OwnerRefusal>> {
  const user = await deps.memberships.findUser(userId);
  if (user?.platformId !== channel.platformId) return failure('no-such-person');
  const { subject, name, email } = user;
  const fresh = (): Membership => ({
    ...emptyMembership({ channelId: channel.id, userId, subject }, 'hand', deps.clock()),
    person: { name, email },
  });
  return writeMember<OwnerRefusal>(deps, {
    channel,
    userId,
    event: { action: 'member.owner', actor },
    decide: (current) =>
      current?.isTest === true ? failure('test-student') : success(addedByHand(current ?? fresh(), 'manager')),
  });
}
