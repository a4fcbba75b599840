import type { Channel, ChannelId, UserId } from '../channels/channel.ts';
import { can } from '../channels/channel-policy.ts';
import type { ChannelPerson, ChannelStore, MembershipStore } from '../channels/channel-store.ts';
import type { ConnectionId } from '../zoom/connection.ts';
import type { MeetingLink } from '../zoom/meeting-link.ts';
import type { MeetingLinkStore } from '../zoom/zoom-store.ts';

export type ContributingDeps = {
  channels: Pick<ChannelStore, 'findChannel' | 'listMyChannels'>;
  memberships: Pick<MembershipStore, 'findMembership'>;
};

/** The channel, when a person may bring something into it as its member; null otherwise, and when it is deleted. */
export async function contributableChannel(
  { channels, memberships }: Pick<ContributingDeps, 'memberships'> & { channels: Pick<ChannelStore, 'findChannel'> },
  channelId: ChannelId,
  userId: UserId,
): Promise<Channel | null> {
  const channel = await channels.findChannel(channelId);
  if (!channel || channel.deletedAt !== null) return null;
  const membership = await memberships.findMembership(channelId, userId);
  if (!membership?.active) return null;
  const standing = { level: membership.level, isOwner: channel.ownerId === userId, isAdministrator: false };
  return can(standing, 'contribute', channel) ? channel : null;
}

const MOST_CHANNELS = 200;

/** The channels that a person may bring something into, by name. */
export async function contributableChannels(
  { channels }: Pick<ContributingDeps, 'channels'>,
  person: ChannelPerson,
): Promise<Channel[]> {
  const { items } = await channels.listMyChannels(person, { scope: 'mine' }, { limit: MOST_CHANNELS });
  return items.flatMap(({ channel, level }) => {
    const standing = { level, isOwner: channel.ownerId === person.userId, isAdministrator: false };
    return can(standing, 'contribute', channel) ? [channel] : [];
  });
}

/** The links of a connection in channels that are there; those of deleted ones lead nowhere. */
export async function linksInUse(
  deps: { channels: Pick<ChannelStore, 'findChannel'>; meetingLinks: Pick<MeetingLinkStore, 'linksOfConnection'> },
  connectionId: ConnectionId,
): Promise<MeetingLink[]> {
  const links = await deps.meetingLinks.linksOfConnection(connectionId);
  const ids = [...new Set(links.map(({ channelId }) => channelId))];
  const found = await Promise.all(ids.map((id) => deps.channels.findChannel(id)));
  const there = new Set(found.flatMap((channel) => (channel && channel.deletedAt === null ? [channel.id] : [])));
  return links.filter(({ channelId }) => there.has(channelId));
}
