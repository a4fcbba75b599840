import { type Connection, type Model, Schema } from 'mongoose';
import type { RateLimitStore } from '../../web/session-store.ts';
import { isDuplicate } from './faults.ts';
import { defineModel, EXPIRY_INDEX, rowsOf } from './model.ts';

/** `expireAt` is when the window ends. */
type RateLimitDocument = { _id: string; hits: number; expireAt: Date };

/** `_id` is the key. Lives on one shard. */
const schema = new Schema<RateLimitDocument>({
  _id: { type: String, required: true },
  hits: { type: Number, required: true },
  expireAt: { type: Date, required: true },
});
// For removing what has expired.
schema.index({ expireAt: 1 }, EXPIRY_INDEX);

export function rateLimitModel(db: Connection): Model<RateLimitDocument> {
  return defineModel(db, 'rate_limits', schema);
}

export function createRateLimitStore(db: Connection): RateLimitStore {
  const limits = rowsOf(rateLimitModel(db));

  /** Counts in the window that is open; null when there is none. */
  async function countInWindow(key: string, now: number, hits: number) {
    return limits.findOneAndUpdate(
      { _id: key, expireAt: { $gt: new Date(now) } },
      { $inc: { hits } },
      { returnDocument: 'after' },
    );
  }

  /** Begins a window with these hits; null when somebody has begun one meanwhile, for then `_id` is taken. */
  async function beginWindow(key: string, now: number, window: { hits: number; expireAt: Date }) {
    try {
      return await limits.findOneAndUpdate(
        { _id: key, expireAt: { $lte: new Date(now) } },
        { $set: window },
        { upsert: true, returnDocument: 'after' },
      );
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw error;
    }
  }

  return {
    async countHit(key, now, windowMs, hits = 1) {
      const expireAt = new Date(now + windowMs);
      let counted: RateLimitDocument | null = null;
      while (counted === null) {
        counted = (await countInWindow(key, now, hits)) ?? (await beginWindow(key, now, { hits, expireAt }));
      }
      return { hits: counted.hits, resetsAt: counted.expireAt.getTime() };
    },
    async forgetHit(key) {
      await limits.updateOne({ _id: key, hits: { $gt: 0 } }, { $inc: { hits: -1 } });
    },
    async forgetHits(key) {
      await limits.deleteOne({ _id: key });
    },
  };
}
