import type { Connection } from 'mongoose';
import type { RecordingId } from '../../recordings/recording.ts';
import type { RecordingStore, WatchingStep } from '../../recordings/recording-store.ts';
import { positionOf, toPage } from '../paging.ts';
import { isDuplicate } from './faults.ts';
import { rowsOf } from './model.ts';
import { recordingModel, STANDS, toWatching, watchingId, watchingModel } from './recording-documents.ts';

type WatchingVerbs = Pick<RecordingStore, 'findWatching' | 'addWatching' | 'listWatching' | 'countWatching'>;

/** How far people watched. */
export function createWatchingRows(db: Connection): WatchingVerbs {
  const rows = rowsOf(watchingModel(db));
  const recordings = rowsOf(recordingModel(db));

  async function isThere(id: RecordingId): Promise<boolean> {
    return (await recordings.findOne({ _id: id, ...STANDS }, { projection: { _id: 1 } })) !== null;
  }

  /** Steps may come late: only the newest says where somebody is. True when it was the person's first. */
  async function add(step: WatchingStep): Promise<boolean> {
    const { recordingId, userId, at, part, positionMs, watchedMs } = step;
    const key = { _id: watchingId(step), recordingId, userId };
    const sums = { $inc: { views: step.begins ? 1 : 0, watchedMs }, $min: { firstAt: at } };
    const newest = await rows.updateOne(
      { ...key, lastAt: { $lte: at } },
      { ...sums, $set: { part, positionMs, lastAt: at } },
    );
    if (newest.matchedCount === 1) return false;
    const late = await rows.updateOne(key, sums);
    if (late.matchedCount === 1) return false;
    try {
      await rows.insertOne({
        ...key,
        views: step.begins ? 1 : 0,
        part,
        positionMs,
        watchedMs,
        firstAt: at,
        lastAt: at,
      });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      // The other tab was quicker: there is something to add to now.
      return add(step);
    }
  }

  return {
    async findWatching(recordingId, userId) {
      const found = await rows.findOne({ _id: watchingId({ recordingId, userId }), recordingId, userId });
      return found && toWatching(found);
    },
    async addWatching(step) {
      const { recordingId } = step;
      if (!(await isThere(recordingId))) return;
      // What is watched of a recording goes after it was marked: either that finds this, or this finds the mark.
      if ((await add(step)) && !(await isThere(recordingId))) await rows.deleteMany({ recordingId });
    },
    async listWatching(recordingId, page) {
      const [lastAt, userId] = positionOf(page, ['number', 'string']) ?? [];
      const behind =
        lastAt === undefined
          ? {}
          : { lastAt: { $lte: lastAt }, $or: [{ lastAt: { $lt: lastAt } }, { userId: { $lt: userId as string } }] };
      const found = await rows
        .find({ recordingId, ...behind } as Parameters<typeof rows.find>[0])
        .sort({ lastAt: -1, userId: -1 })
        .limit(page.limit + 1)
        .hint('of_recording')
        .toArray();
      return toPage(found, page.limit, { item: toWatching, position: (row) => [row.lastAt, row.userId] });
    },
    async countWatching(ids) {
      if (ids.length === 0) return new Map();
      const groups = rows.aggregate<{ _id: RecordingId; views: number; people: number }>(
        [
          { $match: { recordingId: { $in: [...ids] } } },
          { $group: { _id: '$recordingId', views: { $sum: '$views' }, people: { $sum: 1 } } },
        ],
        { hint: 'of_recording' },
      );
      return new Map((await groups.toArray()).map(({ _id, views, people }) => [_id, { views, people }]));
    },
  };
}
