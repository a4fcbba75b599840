import type { Channel, ChannelId } from '../channels/channel.ts';
import type { ChannelStore } from '../channels/channel-store.ts';
import { type Failure, failure, type Success, success } from '../lib/result.ts';

/** A channel that is there; a deleted one is not, for everything but restoring it. */
export async function findChannel(
  { channels }: { channels: Pick<ChannelStore, 'findChannel'> },
  id: string,
): Promise<Success<Channel> | Failure<'no-such-channel'>> {
  const channel = await channels.findChannel(id as ChannelId);
  return channel && channel.deletedAt === null ? success(channel) : failure('no-such-channel');
}
