import type { Channel, ChannelId } from './channel.ts';

/** What of other domains is in a channel, as far as its end is about it. Given by the wiring. */
export type ChannelContents = {
  /** Everything that is some person's own and that a deletion sends elsewhere; in the bin, hidden or not. */
  countRecordings(channelId: ChannelId): Promise<number>;
  /**
   * Sees that recordings leave a deleted channel: for another channel that whoever deleted it manages, or, with null, for
   * their owners' libraries. May be called again.
   */
  afterDelete(channel: Channel, how: { recordingsTo: ChannelId | null; actor: string }): Promise<void>;
  /** Sees that those without a new home come back. */
  afterRestore(channel: Channel, how: { actor: string }): Promise<void>;
};
