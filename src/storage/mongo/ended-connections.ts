import { type Connection, type Model, Schema } from 'mongoose';
import type { UserId } from '../../channels/channel.ts';
import { newId } from '../../lib/ids.ts';
import type { EndedConnection } from '../../zoom/connection.ts';
import { ENDED_KEPT_MS } from '../zoom-changes.ts';
import { againIfDuplicate } from './faults.ts';
import { defineModel, EXPIRY_INDEX, rowsOf } from './model.ts';

/** `stamp` is another one with every write. */
export type EndedDocument = Omit<EndedConnection, 'userId'> & { _id: UserId; stamp: string; expireAt: Date };

/** `_id` is the person. Lives on one shard. */
const schema = new Schema<EndedDocument>({
  _id: { type: String, required: true },
  end: { type: String, required: true },
  at: { type: Number, required: true },
  stamp: { type: String, required: true },
  expireAt: { type: Date, required: true },
});
// For removing what is old.
schema.index({ expireAt: 1 }, EXPIRY_INDEX);

export function endedModel(db: Connection): Model<EndedDocument> {
  return defineModel(db, 'ended_connections', schema);
}

export function endedDocument({ userId, end, at }: EndedConnection): EndedDocument {
  return { _id: userId, end, at, stamp: newId(at), expireAt: new Date(at + ENDED_KEPT_MS) };
}

export function toEnded({ _id, end, at }: EndedDocument): EndedConnection {
  return { userId: _id, end, at };
}

export function createEndedRows(db: Connection) {
  const rows = rowsOf(endedModel(db));
  return {
    async find(userId: UserId): Promise<EndedConnection | null> {
      const found = await rows.findOne({ _id: userId });
      return found && toEnded(found);
    },
    async put(ended: EndedConnection): Promise<void> {
      const { _id, ...fields } = endedDocument(ended);
      await againIfDuplicate(() => rows.updateOne({ _id }, { $set: fields }, { upsert: true }));
    },
    /** What stands there of these people, to be forgotten as it is now, and not what is written later. */
    async remember(people: readonly UserId[]): Promise<() => Promise<void>> {
      const found = await rows.find({ _id: { $in: [...people] } }).toArray();
      return async () => {
        for (const { _id, stamp } of found) await rows.deleteOne({ _id, stamp });
      };
    },
  };
}
