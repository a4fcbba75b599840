import { type Connection, type Model, Schema } from 'mongoose';
import type { InviteStore, RegistrationInvite } from '../../lti/lti-store.ts';
import { defineModel, EXPIRY_INDEX, rowsOf } from './model.ts';

type InviteDocument = Omit<RegistrationInvite, 'id' | 'expiresAt'> & {
  _id: string;
  expireAt: Date;
  /** Until when one caller is using it. */
  claimedUntil: number | null;
};

/** Lives on one shard. */
const schema = new Schema<InviteDocument>({
  _id: { type: String, required: true },
  secretHash: { type: String, required: true },
  activates: { type: Boolean, required: true },
  note: String,
  createdAt: { type: Number, required: true },
  expireAt: { type: Date, required: true },
  claimedUntil: Number,
  usedAt: Number,
  platformId: String,
});
// Finds and claims an invite.
schema.index({ secretHash: 1 }, { name: 'secret', unique: true });
// For removing what has expired.
schema.index({ expireAt: 1 }, EXPIRY_INDEX);

export function inviteModel(db: Connection): Model<InviteDocument> {
  return defineModel(db, 'registration_invites', schema);
}

export function createInviteStore(db: Connection): InviteStore {
  const invites = rowsOf(inviteModel(db));
  const open = (secretHash: string, now: number) => ({
    secretHash,
    usedAt: null,
    expireAt: { $gt: new Date(now) },
    ...notInUse(now),
  });
  return {
    async addInvite({ id, expiresAt, ...invite }) {
      await invites.insertOne({ _id: id, ...invite, expireAt: new Date(expiresAt), claimedUntil: null });
    },
    async findOpenInvite(secretHash, now) {
      return toInvite(await invites.findOne(open(secretHash, now)));
    },
    // The claim is in the filter and in the change: it matches for one caller only.
    async claimInvite(secretHash, now, until) {
      return toInvite(await invites.findOneAndUpdate(open(secretHash, now), { $set: { claimedUntil: until } }));
    },
    async releaseInvite(id) {
      await invites.updateOne({ _id: id }, { $set: { claimedUntil: null } });
    },
    async spendInvite(id, platformId, at) {
      await invites.updateOne({ _id: id, usedAt: null }, { $set: { usedAt: at, platformId } });
    },
  };
}

/** What nobody is using at this moment. */
export function notInUse(now: number) {
  return { $or: [{ claimedUntil: null }, { claimedUntil: { $lte: now } }] };
}

function toInvite(document: InviteDocument | null): RegistrationInvite | null {
  if (document === null) return null;
  return {
    id: document._id,
    secretHash: document.secretHash,
    activates: document.activates,
    note: document.note,
    createdAt: document.createdAt,
    expiresAt: document.expireAt.getTime(),
    usedAt: document.usedAt,
    platformId: document.platformId,
  };
}
