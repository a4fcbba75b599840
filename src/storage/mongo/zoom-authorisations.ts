import { type Connection, type Model, Schema } from 'mongoose';
import type { Authorisation } from '../../zoom/connection.ts';
import type { ConnectionStore } from '../../zoom/zoom-store.ts';
import { storable } from '../storable.ts';
import { defineModel, EXPIRY_INDEX, rowsOf } from './model.ts';

type AuthorisationDocument = Omit<Authorisation, 'stateHash' | 'expiresAt'> & { _id: string; expireAt: Date };

/** `_id` is the hash of the state. Lives on one shard. */
const schema = new Schema<AuthorisationDocument>({
  _id: { type: String, required: true },
  userId: { type: String, required: true },
  grantId: { type: String, required: true },
  sealedVerifier: { type: String, required: true },
  returnTo: { type: String, required: true },
  startedAt: { type: Number, required: true },
  validUntil: { type: Number, required: true },
  expireAt: { type: Date, required: true },
});
// openAuthorisation, forgetAuthorisations: what a person began, newest first.
schema.index({ userId: 1, startedAt: -1, _id: -1 }, { name: 'of_user' });
// For removing what has expired.
schema.index({ expireAt: 1 }, EXPIRY_INDEX);

export function authorisationModel(db: Connection): Model<AuthorisationDocument> {
  return defineModel(db, 'zoom_authorisations', schema);
}

type Verbs = Pick<
  ConnectionStore,
  'startAuthorisation' | 'takeAuthorisation' | 'openAuthorisation' | 'forgetAuthorisations'
>;

export function createAuthorisations(db: Connection): Verbs {
  const rows = rowsOf(authorisationModel(db));
  return {
    async startAuthorisation(begun) {
      const { stateHash: _id, expiresAt, ...authorisation } = storable(begun);
      await rows.insertOne({ _id, ...authorisation, expireAt: new Date(expiresAt) });
    },
    // Whoever removes it has it: the operation gives the document to one caller.
    async takeAuthorisation(stateHash, now) {
      const taken = await rows.findOneAndDelete({ _id: stateHash, validUntil: { $gt: now } });
      return taken && toAuthorisation(taken);
    },
    async openAuthorisation(userId, now) {
      const newest = { sort: { startedAt: -1, _id: -1 } } as const;
      const found = await rows.findOne({ userId, expireAt: { $gt: new Date(now) } }, newest);
      return found && { startedAt: found.startedAt, validUntil: found.validUntil };
    },
    async forgetAuthorisations(userId) {
      await rows.deleteMany({ userId });
    },
  };
}

function toAuthorisation(document: AuthorisationDocument): Authorisation {
  return {
    stateHash: document._id,
    userId: document.userId,
    grantId: document.grantId,
    sealedVerifier: document.sealedVerifier,
    returnTo: document.returnTo,
    startedAt: document.startedAt,
    validUntil: document.validUntil,
    expiresAt: document.expireAt.getTime(),
  };
}
