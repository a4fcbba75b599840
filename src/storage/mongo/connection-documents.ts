import { type Connection as Database, type Model, Schema } from 'mongoose';
import type { Connection, ConnectionId } from '../../zoom/connection.ts';
import { defineModel } from './model.ts';

export type ConnectionDocument = Omit<Connection, 'id'> & { _id: ConnectionId };

/**
 * Lives on one shard, where its unique indexes hold. `holders` is never empty: whoever takes the last one out removes the
 * document. Every write raises `version` and meets only the one it has read, those of holders included.
 */
const SCHEMA = new Schema<ConnectionDocument>({
  _id: { type: String, required: true },
  state: { type: String, required: true },
  end: { type: String, default: null },
  profile: { type: Schema.Types.Mixed, required: true },
  holders: { type: [String], required: true },
  scopes: [String],
  apiUrl: { type: String, default: null },
  sealedTokens: { type: String, default: null },
  walk: { type: Schema.Types.Mixed, required: true },
  connectedAt: Number,
  updatedAt: Number,
  version: { type: Number, required: true },
})
  // connect, findConnectionOfZoomUser: one for each Zoom user.
  .index({ 'profile.zoomUserId': 1 }, { name: 'by_zoom_user', unique: true })
  // connect, findConnectionOf: a person holds one at a time. An array has an entry for each that stands in it.
  .index({ holders: 1 }, { name: 'by_holder', unique: true })
  // connectionsToSweep.
  .index({ state: 1, 'walk.asked': -1, 'walk.sweptAt': 1, _id: 1 }, { name: 'to_sweep' });

export function connectionModel(db: Database): Model<ConnectionDocument> {
  return defineModel(db, 'connections', SCHEMA);
}

export function connectionDocument({ id: _id, ...connection }: Connection): ConnectionDocument {
  return { _id, ...connection };
}

/** Field by field: nothing else of a document gets out. */
export function toConnection(doc: ConnectionDocument): Connection {
  return {
    id: doc._id,
    state: doc.state,
    end: doc.end,
    profile: doc.profile,
    holders: doc.holders,
    scopes: doc.scopes,
    apiUrl: doc.apiUrl,
    sealedTokens: doc.sealedTokens,
    walk: doc.walk,
    connectedAt: doc.connectedAt,
    updatedAt: doc.updatedAt,
    version: doc.version,
  };
}
