import { type Connection, type Model, Schema } from 'mongoose';
import type { ActivityEvent, ActivityFilter, ActivityStore } from '../../channels/channel-store.ts';
import type { Page, PageRequest } from '../../lib/page.ts';
import { positionOf, toPage } from '../paging.ts';
import { isDuplicate } from './faults.ts';
import { defineModel, rowsOf } from './model.ts';

export type ActivityDocument = Omit<ActivityEvent, 'id'> & { _id: string };

/**
 * Shard key: {channelId: 1, _id: 1}. Lists are of one channel; an event that is written again goes to the same shard,
 * where its `_id` is known. `findActivity`, which people ask for one event at a time, asks all shards.
 */
const schema = new Schema<ActivityDocument>({
  _id: { type: String, required: true },
  at: { type: Number, required: true },
  platformId: String,
  channelId: String,
  actor: { type: String, required: true },
  action: { type: String, required: true },
  subjectUserId: String,
  syncId: String,
  from: String,
  to: String,
  batch: String,
});
// One for each filter of listActivity; countActivity counts in that of a batch.
schema.index({ channelId: 1, at: -1, _id: -1 }, { name: 'of_channel' });
schema.index({ channelId: 1, batch: 1, at: -1, _id: -1 }, { name: 'of_batch' });
schema.index({ channelId: 1, subjectUserId: 1, at: -1, _id: -1 }, { name: 'of_person' });
schema.index({ channelId: 1, action: 1, at: -1, _id: -1 }, { name: 'of_settings' });

function activityModel(db: Connection): Model<ActivityDocument> {
  return defineModel(db, 'activity', schema);
}

export function createActivityStore(db: Connection): ActivityStore {
  const events = rowsOf(activityModel(db));
  return {
    recordActivity: (event) => recordEvents(db, [event]),
    async findActivity(id) {
      const found = await events.findOne({ _id: id });
      return found && toEvent(found);
    },
    async listActivity(channelId, filter, page): Promise<Page<ActivityEvent>> {
      const { index, where } = walkOf(filter);
      const found = await events
        .find({ channelId, ...where, ...behind(page) })
        .sort({ at: -1, _id: -1 })
        .limit(page.limit + 1)
        .hint(index)
        .toArray();
      return toPage(found, page.limit, { item: toEvent, position: ({ at, _id }) => [at, _id] });
    },
    countActivity: (channelId, { batch }) => events.countDocuments({ channelId, batch }, { hint: 'of_batch' }),
  };
}

/** Writes events unless they are there: the same one twice is recorded once, so whoever is interrupted may begin again. */
export async function recordEvents(db: Connection, events: readonly ActivityEvent[]): Promise<void> {
  if (events.length === 0) return;
  try {
    await rowsOf(activityModel(db)).insertMany(events.map(toDocument), { ordered: false });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

/** The index is named: that of the whole channel would serve every order, by walking all its events. */
function walkOf(filter: ActivityFilter): { index: string; where: Partial<ActivityDocument> } {
  if ('settings' in filter) return { index: 'of_settings', where: { action: 'channel.change' } };
  if ('subjectUserId' in filter) return { index: 'of_person', where: { subjectUserId: filter.subjectUserId } };
  return filter.batch === undefined
    ? { index: 'of_channel', where: {} }
    : { index: 'of_batch', where: { batch: filter.batch } };
}

function behind(page: PageRequest) {
  const [at, id] = positionOf(page, ['number', 'string']) ?? [];
  if (at === undefined || id === undefined) return {};
  return { at: { $lte: at }, $or: [{ at: { $lt: at } }, { _id: { $lt: id } }] };
}

function toDocument({ id, ...event }: ActivityEvent): ActivityDocument {
  return { _id: id, ...event };
}

/** Field by field: nothing else of a document gets out. */
function toEvent(document: ActivityDocument): ActivityEvent {
  return {
    id: document._id,
    at: document.at,
    platformId: document.platformId,
    channelId: document.channelId,
    actor: document.actor,
    action: document.action,
    subjectUserId: document.subjectUserId,
    syncId: document.syncId,
    from: document.from,
    to: document.to,
    batch: document.batch,
  };
}
