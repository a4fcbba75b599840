import type { Connection, mongo } from 'mongoose';
import { type ChannelId, DELETED_KEPT_MS } from '../../channels/channel.ts';
import { channelModel } from './channel-documents.ts';
import { contextModel } from './context-documents.ts';
import { meetingLinkModel } from './meeting-link-documents.ts';
import { membershipModel } from './membership-documents.ts';
import { type Keyed, rowsOf } from './model.ts';
import { createRecordingRelease } from './recording-release.ts';
import { syncChangeModel, syncRunModel } from './sync-documents.ts';

/** Removing a block of changes costs as much as removing so many other documents. */
const DOCUMENTS_OF_A_BLOCK = 10;

type Slice = { now: number; limit: number };

/** What carries an event that is not recorded yet stays until it is; that is not this removal's work. */
const SETTLED = { pendingSince: { $exists: false } };

/**
 * Removes channels that were deleted too long ago to be restored, `limit` documents of each collection at most; whether
 * it may have left some. The first write makes a channel gone for everybody: no verb finds it, none brings it back, and
 * its reference ID is free. A launch that comes before its contexts are removed sees that their channel is gone, and removes
 * them itself. The channel's document goes last, so whoever dies on the way leaves what the next call finds by it.
 */
export function createPurge(db: Connection): (slice: Slice) => Promise<boolean> {
  const channels = rowsOf(channelModel(db));
  const contexts = rowsOf(contextModel(db));
  const memberships = rowsOf(membershipModel(db));
  const links = rowsOf(meetingLinkModel(db));
  const recordings = createRecordingRelease(db);
  const runs = rowsOf(syncRunModel(db));
  const changes = rowsOf(syncChangeModel(db));

  async function mark({ now, limit }: Slice): Promise<number> {
    const over = { life: 'deleted' as const, deletedAt: { $lte: now - DELETED_KEPT_MS } };
    const ids = await someOf(channels, over, limit);
    // Asked again of each: one that was restored meanwhile is none of them any more.
    await channels.updateMany(
      { _id: { $in: ids }, ...over },
      { $set: { life: 'purging', referenceId: null }, $unset: { referenceKey: '' }, $inc: { version: 1 } },
    );
    return ids.length;
  }

  async function removeMembers(of: ChannelId[], limit: number): Promise<number> {
    const own = { channelId: { $in: of }, ...SETTLED };
    const ids = await someOf(memberships, own, limit);
    await memberships.deleteMany({ _id: { $in: ids }, ...own });
    return ids.length;
  }

  async function removeLinks(of: ChannelId[], limit: number): Promise<number> {
    const own = { channelId: { $in: of }, ...SETTLED };
    const ids = await someOf(links, own, limit);
    await links.deleteMany({ _id: { $in: ids }, ...own });
    return ids.length;
  }

  /** Whether there may be more of them. Changes go first: without its run nobody would find them. */
  async function removeRuns(of: ChannelId[], limit: number): Promise<boolean> {
    const ids = await someOf(runs, { channelId: { $in: of } }, limit);
    const blocks = Math.ceil(limit / DOCUMENTS_OF_A_BLOCK);
    const found = await someOf(changes, { syncId: { $in: ids } }, blocks);
    await changes.deleteMany({ _id: { $in: found }, syncId: { $in: ids } });
    const full = found.length === blocks ? await changes.distinct('syncId', { syncId: { $in: ids } }) : [];
    const empty = ids.filter((id) => !full.includes(id));
    await runs.deleteMany({ _id: { $in: empty } });
    return found.length === blocks || ids.length === limit;
  }

  async function removeEmptied(of: ChannelId[]): Promise<number> {
    const own = { channelId: { $in: of } };
    const left = [
      ...(await memberships.distinct('channelId', own)),
      ...(await runs.distinct('channelId', own)),
      ...(await links.distinct('channelId', own)),
      ...(await recordings.named(of)),
    ];
    const empty = of.filter((id) => !left.includes(id));
    const removed = await channels.deleteMany({ _id: { $in: empty }, life: 'purging', ...SETTLED });
    return removed.deletedCount;
  }

  return async (slice) => {
    const { limit } = slice;
    const begun = await mark(slice);
    const gone = await someOf(channels, { life: 'purging' }, limit);
    if (gone.length === 0) return false;
    await contexts.deleteMany({ channelId: { $in: gone } });
    const members = await removeMembers(gone, limit);
    const moreRuns = await removeRuns(gone, limit);
    const meetings = await removeLinks(gone, limit);
    const moreRecordings = await recordings.release(gone, limit);
    const removed = await removeEmptied(gone);
    // What could not be removed for an event of it is no reason to be called again at once.
    const moreChannels = gone.length === limit && removed > 0;
    return begun === limit || members === limit || meetings === limit || moreRuns || moreRecordings || moreChannels;
  };
}

async function someOf<Doc extends Keyed>(
  documents: mongo.Collection<Doc>,
  where: mongo.Filter<Doc>,
  limit: number,
): Promise<Doc['_id'][]> {
  const found = await documents.find(where).project<Pick<Doc, '_id'>>({ _id: 1 }).limit(limit).toArray();
  return found.map(({ _id }) => _id);
}
