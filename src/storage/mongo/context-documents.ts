import { type Connection, type Model, Schema } from 'mongoose';
import type { CourseContext } from '../../channels/channel.ts';
import { defineModel } from './model.ts';

/** A course. Its `_id` is what lets any number of first launches at once make one channel. */
export type ContextDocument = CourseContext & {
  _id: string;
  /** True once the channel stood: when it does not any more, it was removed, and is not to be made again. */
  channelMade?: true;
};

/** Lives on one shard, as the channels do. */
const SCHEMA = new Schema<ContextDocument>({
  _id: { type: String, required: true },
  platformId: { type: String, required: true },
  contextId: { type: String, required: true },
  channelId: { type: String, required: true },
  title: String,
  label: { type: String, default: null },
  types: [String],
  deploymentIds: [String],
  rosterUrl: { type: String, default: null },
  firstLaunchAt: Number,
  lastLaunchAt: Number,
  channelMade: Boolean,
})
  // contextsOfChannel, in the order of their first launches; removeExpired.
  .index({ channelId: 1, firstLaunchAt: 1, platformId: 1, contextId: 1 }, { name: 'of_channel' })
  // listChannels by the ID of a course, of any platform.
  .index({ contextId: 1, channelId: 1 }, { name: 'by_context_id' })
  // channelsDueForSync: the courses that were visited, the latest first, and none of their documents.
  .index({ lastLaunchAt: -1, rosterUrl: 1, channelId: 1, platformId: 1 }, { name: 'visited' });

export function contextModel(db: Connection): Model<ContextDocument> {
  return defineModel(db, 'contexts', SCHEMA);
}

export function contextKey({ platformId, contextId }: Pick<CourseContext, 'platformId' | 'contextId'>): string {
  return JSON.stringify([platformId, contextId]);
}

/** The domain's part of a document. */
export function toContext(doc: ContextDocument): CourseContext {
  return {
    platformId: doc.platformId,
    contextId: doc.contextId,
    channelId: doc.channelId,
    title: doc.title,
    label: doc.label,
    types: doc.types,
    deploymentIds: doc.deploymentIds,
    rosterUrl: doc.rosterUrl,
    firstLaunchAt: doc.firstLaunchAt,
    lastLaunchAt: doc.lastLaunchAt,
  };
}
