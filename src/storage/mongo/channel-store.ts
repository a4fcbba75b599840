import type { Connection } from 'mongoose';
import type { Channel } from '../../channels/channel.ts';
import type { ChannelOpening, ChannelStore, OpenedChannel } from '../../channels/channel-store.ts';
import { createChannelLists } from './channel-lists.ts';
import { createChannelRows } from './channel-rows.ts';
import { type ContextDocument, toContext } from './context-documents.ts';
import { createContextRows } from './context-rows.ts';
import { createMembershipRows } from './membership-documents.ts';
import { createMyChannels } from './my-channels.ts';
import { createUserRows } from './user-documents.ts';

/** How often a course may lose its channel between two steps of one launch, before that is no accident any more. */
const ATTEMPTS = 5;

export function createChannelStore(db: Connection): ChannelStore {
  const contexts = createContextRows(db);
  const channels = createChannelRows(db);
  const users = createUserRows(db);
  const members = createMembershipRows(db);

  async function open(opening: ChannelOpening): Promise<OpenedChannel> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const context = await contexts.enter(opening);
      const opened = await openChannel(context, opening);
      if (opened) return opened;
      // The channel was deleted too long ago and is being removed: the course begins anew.
      await contexts.remove(context);
    }
    throw new Error('The channel of a context was gone again and again');
  }

  /**
   * The context comes first and says which ID the channel gets, so of any number of first launches one makes it. Who dies
   * before the channel is made, or before that is noted, is put right by the next launch: it makes the channel under the
   * same ID, or finds it. A channel that once stood is never made again: it would be what is left of a removed one.
   */
  async function openChannel(context: ContextDocument, opening: ChannelOpening): Promise<OpenedChannel | null> {
    const { channelId: id } = context;
    const made = context.channelMade ? null : await channels.insert({ ...opening.fresh, id });
    if (!context.channelMade) await contexts.channelIsMade(context);
    const channel = made ?? (await follow(context, opening));
    return channel && { channel, context: toContext(context), created: made !== null };
  }

  /** The channel of a context that was launched just now, with what the launch said of it; null when it is gone. */
  async function follow(context: ContextDocument, { fresh, at }: ChannelOpening): Promise<Channel | null> {
    const { channelId, title, label } = context;
    for (;;) {
      const channel = await channels.find(channelId);
      if (!channel) return null;
      const tenant = fresh.tenant ?? channel.tenant;
      if (channel.title === title && channel.label === label && channel.tenant === tenant) return channel;
      const written = await channels.update({ ...channel, title, label, tenant }, at);
      // Not written: somebody changed the channel meanwhile, who has come further than this launch.
      if (written) return written;
    }
  }

  return {
    openChannelForContext: open,
    async enterByLaunch({ opening, subject, person }, decide) {
      const opened = await open(opening);
      const { channel } = opened;
      if (channel.deletedAt !== null) return { ...opened, entered: null };
      const { platformId, at } = opening;
      const { id: userId } = await users.upsert({ platformId, subject, person, at });
      const key = { channelId: channel.id, userId, at };
      const membership = await members.change(key, (current) => decide(current, channel, userId));
      return { ...opened, entered: { userId, membership } };
    },
    findChannel: channels.find,
    listChannels: createChannelLists(db),
    listMyChannels: createMyChannels(db),
    updateChannel: channels.update,
    contextsOfChannel: contexts.ofChannel,
    findContext: (platformId, contextId) => contexts.find({ platformId, contextId }),
  };
}
