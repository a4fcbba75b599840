import { type Connection, type Model, Schema } from 'mongoose';
import type { AddGrantOptions, Grant, Session, SessionStore } from '../../web/session-store.ts';
import { defineModel, EXPIRY_INDEX, rowsOf } from './model.ts';

type SessionDocument = {
  _id: string;
  /** Newest last. */
  grants: Grant[];
  createdAt: number;
  expireAt: Date;
  /** Raised by every change of `grants`. */
  version: number;
};

/** `_id` is the hash of the session's ID. Lives on one shard. */
const schema = new Schema<SessionDocument>({
  _id: { type: String, required: true },
  // A session's own values, written and read as a whole; the shape is `Grant`.
  grants: { type: [Schema.Types.Mixed], required: true } as never,
  createdAt: { type: Number, required: true },
  expireAt: { type: Date, required: true },
  version: { type: Number, required: true },
});
// For removing what has expired.
schema.index({ expireAt: 1 }, EXPIRY_INDEX);

export function sessionModel(db: Connection): Model<SessionDocument> {
  return defineModel(db, 'sessions', schema);
}

export function createSessionStore(db: Connection): SessionStore {
  const sessions = rowsOf(sessionModel(db));
  const find = (idHash: string, now: number) => sessions.findOne({ _id: idHash, expireAt: { $gt: new Date(now) } });

  /** Nobody is to be sent away for it, so one operation does it, whoever else adds one. */
  async function push(idHash: string, grant: Grant, { keep, now, expiresAt }: AddGrantOptions): Promise<boolean> {
    const { matchedCount } = await sessions.updateOne(
      { _id: idHash, expireAt: { $gt: new Date(now) } },
      {
        $push: { grants: { $each: [grant], $slice: -keep } },
        $set: { expireAt: new Date(expiresAt) },
        $inc: { version: 1 },
      },
    );
    return matchedCount === 1;
  }

  /** Which grants stay depends on those that are there: writes if nobody has changed them meanwhile, or looks again. */
  async function addAlone(idHash: string, grant: Grant, options: AddGrantOptions): Promise<boolean> {
    for (;;) {
      const known = await find(idHash, options.now);
      if (known === null) return false;
      const grants = [...grantsBeside(grant, known.grants, options), grant].slice(-options.keep);
      const { matchedCount } = await sessions.updateOne(
        { _id: idHash, version: known.version },
        { $set: { grants, expireAt: new Date(options.expiresAt) }, $inc: { version: 1 } },
      );
      if (matchedCount === 1) return true;
    }
  }

  return {
    async createSession({ idHash, grants, createdAt, expiresAt }) {
      await sessions.insertOne({ _id: idHash, grants, createdAt, expireAt: new Date(expiresAt), version: 1 });
    },
    async findSession(idHash, now) {
      const found = await find(idHash, now);
      return found && toSession(found);
    },
    addGrant: (idHash, grant, options) => (options.onePersonOf === null ? push : addAlone)(idHash, grant, options),
    async removeSession(idHash) {
      return (await sessions.deleteOne({ _id: idHash })).deletedCount === 1;
    },
  };
}

function toSession({ _id, grants, createdAt, expireAt }: SessionDocument): Session {
  return { idHash: _id, grants, createdAt, expiresAt: expireAt.getTime() };
}

/** Those of the known grants that stay when one is added. */
function grantsBeside(added: Grant, known: Grant[], { onePersonOf }: AddGrantOptions): Grant[] {
  const isOthers = ({ platformId, userId }: Grant) => platformId === onePersonOf && userId !== added.userId;
  const somebodyElse = known.some((grant) => isOthers(grant) && !grant.isTest);
  return somebodyElse ? known.filter((grant) => !isOthers(grant)) : known;
}
