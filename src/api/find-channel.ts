import type { Channel, ChannelId } from '../channels/channel.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import { restorableUntil } from '../channels/delete-channel.ts';
import type { Clock } from '../lib/clock.ts';
import { type Failure, failure, type Success, success } from '../lib/result.ts';

/** A channel that is there; a deleted one is not, for everything but reading and restoring it. */
export async function findChannel(
  { channels }: { channels: Pick<ChannelStore, 'findChannel'> },
  id: string,
): Promise<Success<Channel> | Failure<'no-such-channel'>> {
  const channel = await channels.findChannel(id as ChannelId);
  return channel && channel.deletedAt === null ? success(channel) : failure('no-such-channel');
}

/** A channel that is there or can be brought back; one whose time for that is over may be half emptied. */
export async function findChannelOrDeleted(
  { channels, clock }: { channels: Pick<ChannelStore, 'findChannel'>; clock: Clock },
  id: string,
): Promise<Success<Channel> | Failure<'no-such-channel'>> {
  const channel = await channels.findChannel(id as ChannelId);
  return channel && isKept(channel, clock()) ? success(channel) : failure('no-such-channel');
}

/** Whether a channel is not deleted, or can be restored at that time. */
export function isKept(channel: Channel, now: number): boolean {
  const until = restorableUntil(channel);
  return until === null || until > now;
}
