import { type Connection, type Model, Schema } from 'mongoose';
import type { LeaseStore } from '../../channels/channel-store.ts';
import { isDuplicate } from './faults.ts';
import { defineModel, rowsOf } from './model.ts';

type LeaseDocument = { _id: string; holder: string; until: number };

/** `_id` is the name. Lives on one shard. */
const schema = new Schema<LeaseDocument>({
  _id: { type: String, required: true },
  holder: { type: String, required: true },
  until: { type: Number, required: true },
});

function leaseModel(db: Connection): Model<LeaseDocument> {
  return defineModel(db, 'leases', schema);
}

export function createLeaseStore(db: Connection): LeaseStore {
  const leases = rowsOf(leaseModel(db));
  return {
    async acquireLease(name, holder, now, until) {
      const isFree = { $or: [{ holder }, { until: { $lte: now } }] };
      try {
        await leases.updateOne({ _id: name, ...isFree }, { $set: { holder, until } }, { upsert: true });
        return true;
      } catch (error) {
        // There is one that is not free, so none matched, and a second of the name is never made.
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    async renewLease(name, holder, now, until) {
      const { matchedCount } = await leases.updateOne({ _id: name, holder, until: { $gt: now } }, { $set: { until } });
      return matchedCount === 1;
    },
    async releaseLease(name, holder) {
      await leases.deleteOne({ _id: name, holder });
    },
    async listLeases() {
      const found = await leases.find().toArray();
      return found.map(({ _id, holder }) => ({ name: _id, holder }));
    },
  };
}
