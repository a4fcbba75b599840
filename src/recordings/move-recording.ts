import type { Channel, ChannelId } from '../channels/channel.ts';
import { can } from '../channels/channel-policy.ts';
import type { ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import { isAtLeast, type PermissionLevel } from '../channels/permission-level.ts';
import type { Visitor } from '../channels/viewer.ts';
import type { Recording } from './recording.ts';

export type MoveDeps = {
  channels: Pick<ChannelStore, 'findChannel' | 'listMyChannels'>;
  memberships: Pick<MembershipStore, 'findMembership'>;
};

/** `waits`: a moderator of that channel has to let it in first. */
export type MoveTarget = { channel: Channel; waits: boolean };

const CHANNELS_OFFERED = 200;

/** The channels a recording can go to from where it is: those its mover manages, and with one's own those where one may contribute. */
export async function moveTargets(
  { channels }: MoveDeps,
  visitor: Visitor,
  recording: Recording,
): Promise<MoveTarget[]> {
  const mine = await channels.listMyChannels(visitor, { scope: 'mine' }, { limit: CHANNELS_OFFERED });
  return mine.items.flatMap(({ channel, level }) => {
    if (channel.id === recording.channelId || !mayReceive(level, channel, isOwn(visitor, recording))) return [];
    return [{ channel, waits: waits(level, channel) }];
  });
}

/** The channel of that ID, if the recording can go there. */
export async function findMoveTarget(
  { channels, memberships }: MoveDeps,
  visitor: Visitor,
  recording: Recording,
  id: ChannelId,
): Promise<MoveTarget | null> {
  const channel = await channels.findChannel(id);
  if (!channel || channel.deletedAt !== null || channel.platformId !== visitor.platformId) return null;
  const membership = await memberships.findMembership(id, visitor.userId);
  const level = membership?.active ? membership.level : null;
  if (!mayReceive(level, channel, isOwn(visitor, recording))) return null;
  return { channel, waits: waits(level, channel) };
}

/** Whether what somebody brings or moves into a channel waits for a moderator. */
function waits(level: PermissionLevel | null, { moderated }: Pick<Channel, 'moderated'>): boolean {
  return moderated && (level === null || !isAtLeast(level, 'moderator'));
}

function mayReceive(level: PermissionLevel | null, channel: Channel, owns: boolean): boolean {
  if (level === null) return false;
  return level === 'manager' || (owns && can({ level, isOwner: false, isAdministrator: false }, 'contribute', channel));
}

function isOwn({ userId }: Visitor, { ownerId }: Recording): boolean {
  return userId === ownerId;
}
