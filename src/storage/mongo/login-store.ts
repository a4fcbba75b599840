import { type Connection, type Model, Schema } from 'mongoose';
import type { Login, LoginStore } from '../../lti/lti-store.ts';
import { defineModel, EXPIRY_INDEX, rowsOf } from './model.ts';

type LoginDocument = Omit<Login, 'stateHash' | 'expiresAt'> & { _id: string; expireAt: Date };

/** `_id` is the hash of the state. Lives on one shard. */
const schema = new Schema<LoginDocument>({
  _id: { type: String, required: true },
  nonce: { type: String, required: true },
  platformId: { type: String, required: true },
  issuer: { type: String, required: true },
  clientId: { type: String, required: true },
  deploymentId: String,
  targetLinkUri: { type: String, required: true },
  loginHint: { type: String, required: true },
  messageHint: String,
  storageTarget: String,
  browserHash: { type: String, required: true },
  storageHash: String,
  createdAt: { type: Number, required: true },
  expireAt: { type: Date, required: true },
});
// For removing what has expired.
schema.index({ expireAt: 1 }, EXPIRY_INDEX);

export function loginModel(db: Connection): Model<LoginDocument> {
  return defineModel(db, 'logins', schema);
}

export function createLoginStore(db: Connection): LoginStore {
  const logins = rowsOf(loginModel(db));
  const open = (stateHash: string, now: number) => ({ _id: stateHash, expireAt: { $gt: new Date(now) } });
  return {
    async saveLogin({ stateHash, expiresAt, ...login }) {
      await logins.insertOne({ _id: stateHash, ...login, expireAt: new Date(expiresAt) });
    },
    async findLogin(stateHash, now) {
      return toLogin(await logins.findOne(open(stateHash, now)));
    },
    // Whoever removes it has it: the operation gives the document to one caller.
    async consumeLoginState(stateHash, now) {
      return toLogin(await logins.findOneAndDelete(open(stateHash, now)));
    },
  };
}

function toLogin(document: LoginDocument | null): Login | null {
  if (document === null) return null;
  return {
    stateHash: document._id,
    nonce: document.nonce,
    platformId: document.platformId,
    issuer: document.issuer,
    clientId: document.clientId,
    deploymentId: document.deploymentId,
    targetLinkUri: document.targetLinkUri,
    loginHint: document.loginHint,
    messageHint: document.messageHint,
    storageTarget: document.storageTarget,
    browserHash: document.browserHash,
    storageHash: document.storageHash,
    createdAt: document.createdAt,
    expiresAt: document.expireAt.getTime(),
  };
}
