import type { Connection } from 'mongoose';
import type { ChannelId, CourseContext } from '../../channels/channel.ts';
import type { ChannelOpening } from '../../channels/channel-store.ts';
import { wellFormed } from '../../lib/fold.ts';
import { type ContextDocument, contextKey, contextModel, toContext } from './context-documents.ts';
import { againIfDuplicate } from './faults.ts';
import { rowsOf } from './model.ts';

export type ContextRows = {
  find(key: Pick<CourseContext, 'platformId' | 'contextId'>): Promise<CourseContext | null>;
  /** In the order of their first launches. */
  ofChannel(channelId: ChannelId): Promise<CourseContext[]>;
  /**
   * Brings a context up to date with a launch, or makes it: then the channel is to get the ID of `fresh`. Whoever comes
   * second, at the same moment even, finds the ID that stands there.
   */
  enter(opening: ChannelOpening): Promise<ContextDocument>;
  /** Notes that its channel stands now. */
  channelIsMade(context: ContextDocument): Promise<void>;
  /** Removes it, unless it belongs to another channel by now. */
  remove(context: ContextDocument): Promise<void>;
};

export function createContextRows(db: Connection): ContextRows {
  const contexts = rowsOf(contextModel(db));

  async function enter(opening: ChannelOpening): Promise<ContextDocument> {
    const entered = await contexts.findOneAndUpdate({ _id: contextKey(opening) }, entering(opening), {
      upsert: true,
      returnDocument: 'after',
    });
    if (!entered) throw new Error('A context that was just written was not returned');
    return entered;
  }

  return {
    async find(key) {
      const found = await contexts.findOne({ _id: contextKey(key) });
      return found && toContext(found);
    },
    async ofChannel(channelId) {
      const found = await contexts
        .find({ channelId })
        .sort({ firstLaunchAt: 1, platformId: 1, contextId: 1 })
        .toArray();
      return found.map(toContext);
    },
    enter: (opening) => againIfDuplicate(() => enter(opening)),
    async channelIsMade({ _id, channelId }) {
      await contexts.updateOne({ _id, channelId }, { $set: { channelMade: true } });
    },
    async remove({ _id, channelId }) {
      await contexts.deleteOne({ _id, channelId });
    },
  };
}

function entering(opening: ChannelOpening) {
  const { platformId, contextId, deploymentId, title, label, types, rosterUrl, at, fresh } = opening;
  const said = { title: wellFormed(title), label: label === null ? null : wellFormed(label), types };
  return {
    $set: rosterUrl === null ? said : { ...said, rosterUrl },
    $addToSet: { deploymentIds: deploymentId },
    $max: { lastLaunchAt: at },
    $setOnInsert: {
      platformId,
      contextId,
      channelId: fresh.id,
      firstLaunchAt: at,
      // Only a launch that says nothing of it may write this: a field is not to be set twice by one operation.
      ...(rosterUrl === null ? { rosterUrl } : {}),
    },
  };
}
