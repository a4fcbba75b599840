import { type Connection, type Model, Schema } from 'mongoose';
import type { KeyStore, StoredAccessToken } from '../../lti/lti-store.ts';
import { againIfDuplicate } from './faults.ts';
import { defineModel, rowsOf } from './model.ts';

type KeyPair = Parameters<KeyStore['saveKeyPair']>[0];
type KeyPairDocument = Omit<KeyPair, 'keyId'> & { _id: string };
type TokenDocument = StoredAccessToken & { _id: string };

/** `_id` is the ID of the key; the private half is sealed by the caller. Lives on one shard. */
const keyPairSchema = new Schema<KeyPairDocument>({
  _id: { type: String, required: true },
  publicPem: { type: String, required: true },
  sealedPrivatePem: { type: String, required: true },
  createdAt: { type: Number, required: true },
});

/** The token in use for each registration and set of scopes, sealed by the caller. Lives on one shard. */
const tokenSchema = new Schema<TokenDocument>({
  _id: { type: String, required: true },
  issuer: { type: String, required: true },
  clientId: { type: String, required: true },
  scopes: { type: String, required: true },
  sealedToken: { type: String, required: true },
  createdAt: { type: Number, required: true },
});
// For removing all tokens of a registration.
tokenSchema.index({ issuer: 1, clientId: 1 }, { name: 'of_client' });

function keyPairModel(db: Connection): Model<KeyPairDocument> {
  return defineModel(db, 'key_pairs', keyPairSchema);
}

function accessTokenModel(db: Connection): Model<TokenDocument> {
  return defineModel(db, 'access_tokens', tokenSchema);
}

export function createKeyStore(db: Connection): KeyStore {
  return { ...keyPairs(db), ...accessTokens(db) };
}

function keyPairs(db: Connection) {
  const pairs = rowsOf(keyPairModel(db));
  return {
    async saveKeyPair({ keyId, ...pair }: KeyPair) {
      await againIfDuplicate(() => pairs.replaceOne({ _id: keyId }, pair, { upsert: true }));
    },
    async findPublicKey(keyId: string) {
      return (await pairs.findOne({ _id: keyId }))?.publicPem ?? null;
    },
    async findSealedPrivateKey(keyId: string) {
      return (await pairs.findOne({ _id: keyId }))?.sealedPrivatePem ?? null;
    },
    async listPublicKeys() {
      const found = await pairs.find().sort({ createdAt: 1, _id: 1 }).toArray();
      return found.map(({ _id, publicPem }) => ({ keyId: _id, publicPem }));
    },
    async removeKeyPair(keyId: string) {
      await pairs.deleteOne({ _id: keyId });
    },
  };
}

function accessTokens(db: Connection) {
  const tokens = rowsOf(accessTokenModel(db));
  return {
    async saveAccessToken(token: StoredAccessToken) {
      const _id = tokenId(token.issuer, token.clientId, token.scopes);
      await againIfDuplicate(() => tokens.replaceOne({ _id }, token, { upsert: true }));
    },
    async findAccessToken(issuer: string, clientId: string, scopes: string) {
      const found = await tokens.findOne({ _id: tokenId(issuer, clientId, scopes) });
      return found && toToken(found);
    },
    async removeAccessTokens(issuer: string, clientId: string) {
      await tokens.deleteMany({ issuer, clientId });
    },
  };
}

function tokenId(...parts: [issuer: string, clientId: string, scopes: string]): string {
  return JSON.stringify(parts);
}

function toToken({ issuer, clientId, scopes, sealedToken, createdAt }: TokenDocument): StoredAccessToken {
  return { issuer, clientId, scopes, sealedToken, createdAt };
}
