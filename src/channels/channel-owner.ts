import { failure, type Result, success } from '../lib/result.ts';
import { writeState } from './activity.ts';
import {
  type ChangeChannelDeps,
  type ChangeChannelRefusal,
  type ChannelChangeRequest,
  decideSettings,
  settingsRefusal,
} from './change-channel.ts';
import type { Channel, ChannelId, UserId } from './channel.ts';
import { inChannel, type ManageMembersDeps, type MemberResult, writeMember } from './manage-members.ts';
import { addedByHand, membershipOfUser } from './membership.ts';
import { type ChannelRewrite, type RewrittenChannel, rewriteChannel } from './rewrite-channel.ts';

export type ChangeOwnerDeps = ManageMembersDeps & ChangeChannelDeps;

export type ChangeOwnerRequest = {
  channelId: ChannelId;
  /** Null: the channel has no owner any more; its managers share what was the owner's. */
  ownerId: UserId | null;
  /** Who owned it when the caller looked; undefined: whoever does. */
  seenOwnerId?: UserId | null;
  /** What else changes at the same moment, in one write with it. */
  settings?: Pick<ChannelChangeRequest, 'change' | 'version'>;
  /** The event that had made the present owner a manager, when that is about to be undone. */
  leaving?: string | null;
  actor: string;
};

export type OwnerRefusal = ChangeChannelRefusal | 'no-such-person' | 'test-student';

/**
 * Makes a person of the platform the owner. That they are a manager, and stay one whatever the roster says, is a
 * membership set by hand; the former owner keeps theirs, as one manager among others.
 */
export async function changeOwner(
  deps: ChangeOwnerDeps,
  request: ChangeOwnerRequest,
): Promise<Result<RewrittenChannel, OwnerRefusal>> {
  return inChannel(deps, request.channelId, async (channel): Promise<Result<RewrittenChannel, OwnerRefusal>> => {
    const { ownerId, actor } = request;
    // Whatever can be refused is looked at before anything is written.
    const allowed = await decideOwner(deps, channel, request, null);
    if (!allowed.ok) return allowed;
    let enteredBy: string | null = null;
    if (ownerId !== null && ownerId !== channel.ownerId) {
      // First the membership: a manager who does not own the channel yet does no harm, an owner who is none would.
      const entered = await enterOwner(deps, channel, ownerId, actor);
      if (!entered.ok) return entered;
      enteredBy = entered.value.activityId;
    }
    const written = await rewriteChannel(deps, channel.id, (current) => decideOwner(deps, current, request, enteredBy));
    return written.ok ? written : failure(settingsRefusal(written.reason));
  });
}

/**
 * What an event of a new owner tells. `enteredBy` names the one that made this owner a manager, if they were none; where
 * the owner went and that was undone, it stands with the one who went.
 */
export type OwnerState = { ownerId: UserId | null; enteredBy?: string };

async function decideOwner(
  deps: ChangeOwnerDeps,
  channel: Channel,
  { ownerId, seenOwnerId, settings, leaving, actor }: ChangeOwnerRequest,
  enteredBy: string | null,
): Promise<Result<ChannelRewrite | null, OwnerRefusal>> {
  if (channel.deletedAt !== null) return failure('no-such-channel');
  const ask = { change: {}, version: null, ...settings, actor };
  const decided = await decideSettings(deps.channels, channel, ask);
  if (!decided.ok || ownerId === channel.ownerId) return decided;
  if (seenOwnerId !== undefined && seenOwnerId !== channel.ownerId) return failure('changed-meanwhile');
  const { next, tell } = decided.value ?? { next: channel, tell: () => [] };
  const event = {
    action: 'channel.owner',
    actor,
    subjectUserId: ownerId ?? channel.ownerId,
    from: writeState(ownerState(channel.ownerId, leaving ?? null)),
    to: writeState(ownerState(ownerId, enteredBy)),
  };
  return success({ next: { ...next, ownerId }, tell: (written) => [event, ...tell(written)] });
}

function ownerState(ownerId: UserId | null, enteredBy: string | null): OwnerState {
  return enteredBy === null ? { ownerId } : { ownerId, enteredBy };
}

async function enterOwner(
  deps: ChangeOwnerDeps,
  channel: Channel,
  userId: UserId,
  actor: string,
): Promise<Result<MemberResult, OwnerRefusal>> {
  const user = await deps.memberships.findUser(userId);
  if (user?.platformId !== channel.platformId) return failure('no-such-person');
  if (await deps.memberships.isTestStudent(userId)) return failure('test-student');
  const entered = await writeMember<never>(deps, {
    channel,
    userId,
    event: { action: 'member.owner', actor },
    decide: (current) =>
      success(addedByHand(current ?? membershipOfUser(channel.id, user, 'hand', deps.clock()), 'manager')),
  });
  if (!entered.ok) throw new Error('Making somebody a manager took the last one');
  return entered;
}
