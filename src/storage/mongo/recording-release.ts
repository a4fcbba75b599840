import type { Connection } from 'mongoose';
import type { ChannelId } from '../../channels/channel.ts';
import { rowsOf } from './model.ts';
import { recordingModel } from './recording-documents.ts';

const FIELDS = ['channelId', 'formerChannelId'] as const;

export type RecordingRelease = {
  /** Whether there may be more of them than the limit. */
  release(of: readonly ChannelId[], limit: number): Promise<boolean>;
  /** Those of the channels that recordings still name. */
  named(of: readonly ChannelId[]): Promise<ChannelId[]>;
};

/**
 * Recordings of channels that are removed stay: they are their owner's. Whoever decided about one before meets another
 * `turn`, and decides anew.
 */
export function createRecordingRelease(db: Connection): RecordingRelease {
  const recordings = rowsOf(recordingModel(db));

  async function releaseFrom(
    field: (typeof FIELDS)[number],
    of: readonly ChannelId[],
    limit: number,
  ): Promise<boolean> {
    const theirs = { [field]: { $in: [...of] } };
    const found = await recordings
      .find(theirs, { projection: { _id: 1 } })
      .limit(limit)
      .toArray();
    const ids = found.map(({ _id }) => _id);
    if (ids.length > 0) {
      await recordings.updateMany({ _id: { $in: ids }, ...theirs }, { $set: { [field]: null }, $inc: { turn: 1 } });
    }
    return ids.length === limit;
  }

  return {
    async release(of, limit) {
      const more = [];
      for (const field of FIELDS) more.push(await releaseFrom(field, of, limit));
      return more.includes(true);
    },
    async named(of) {
      const found = FIELDS.map((field) => recordings.distinct(field, { [field]: { $in: [...of] } }));
      return (await Promise.all(found)).flat().filter((id) => id !== null);
    },
  };
}
