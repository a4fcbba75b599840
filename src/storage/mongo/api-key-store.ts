import { type Connection, type Model, Schema } from 'mongoose';
import type { ApiKey, ApiKeyStore } from '../../api/api-key-store.ts';
import { defineModel, rowsOf } from './model.ts';

type ApiKeyDocument = Omit<ApiKey, 'id'> & { _id: string };

/** Lives on one shard. */
const schema = new Schema<ApiKeyDocument>({
  _id: { type: String, required: true },
  name: { type: String, required: true },
  keyHash: { type: String, required: true },
  scopes: { type: [String], required: true },
  createdAt: { type: Number, required: true },
  revokedAt: Number,
});
// Every request to the API (findApiKey).
schema.index({ keyHash: 1 }, { name: 'key', unique: true });

function apiKeyModel(db: Connection): Model<ApiKeyDocument> {
  return defineModel(db, 'api_keys', schema);
}

export function createApiKeyStore(db: Connection): ApiKeyStore {
  const keys = rowsOf(apiKeyModel(db));
  return {
    async addApiKey({ id, ...key }) {
      await keys.insertOne({ _id: id, ...key });
    },
    async findApiKey(keyHash) {
      const found = await keys.findOne({ keyHash, revokedAt: null });
      return found && toApiKey(found);
    },
    async listApiKeys() {
      return (await keys.find().sort({ createdAt: 1, _id: 1 }).toArray()).map(toApiKey);
    },
    async revokeApiKey(id, at) {
      const { matchedCount } = await keys.updateOne({ _id: id, revokedAt: null }, { $set: { revokedAt: at } });
      return matchedCount === 1;
    },
  };
}

function toApiKey({ _id, name, keyHash, scopes, createdAt, revokedAt }: ApiKeyDocument): ApiKey {
  return { id: _id, name, keyHash, scopes, createdAt, revokedAt };
}
