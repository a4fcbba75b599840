import type { KeyStore, StoredAccessToken } from '../../lti/lti-store.ts';
import type { Database } from './database.ts';

type KeyPair = Parameters<KeyStore['saveKeyPair']>[0];

export function createKeyStore(db: Database): KeyStore {
  return { ...keyPairs(db), ...accessTokens(db) };
}

function keyPairs(db: Database) {
  const save = db.prepare<[KeyPair]>(
    `INSERT INTO key_pairs (key_id, public_pem, sealed_private_pem, created_at)
     VALUES (@keyId, @publicPem, @sealedPrivatePem, @createdAt)
     ON CONFLICT (key_id) DO UPDATE SET
       public_pem = excluded.public_pem, sealed_private_pem = excluded.sealed_private_pem,
       created_at = excluded.created_at`,
  );
  const publicKey = db.prepare<[string], string>('SELECT public_pem FROM key_pairs WHERE key_id = ?').pluck();
  const privateKey = db.prepare<[string], string>('SELECT sealed_private_pem FROM key_pairs WHERE key_id = ?').pluck();
  const list = db.prepare<[], { keyId: string; publicPem: string }>(
    'SELECT key_id AS keyId, public_pem AS publicPem FROM key_pairs ORDER BY created_at, key_id',
  );
  const remove = db.prepare<[string]>('DELETE FROM key_pairs WHERE key_id = ?');
  return {
    async saveKeyPair(pair: KeyPair) {
      save.run(pair);
    },
    async findPublicKey(keyId: string) {
      return publicKey.get(keyId) ?? null;
    },
    async findSealedPrivateKey(keyId: string) {
      return privateKey.get(keyId) ?? null;
    },
    async listPublicKeys() {
      return list.all();
    },
    async removeKeyPair(keyId: string) {
      remove.run(keyId);
    },
  };
}

function accessTokens(db: Database) {
  const save = db.prepare<[StoredAccessToken]>(
    `INSERT INTO access_tokens (issuer, client_id, scopes, sealed_token, created_at)
     VALUES (@issuer, @clientId, @scopes, @sealedToken, @createdAt)
     ON CONFLICT (issuer, client_id, scopes) DO UPDATE SET
       sealed_token = excluded.sealed_token, created_at = excluded.created_at`,
  );
  const find = db.prepare<[string, string, string], StoredAccessToken>(
    `SELECT issuer, client_id AS clientId, scopes, sealed_token AS sealedToken, created_at AS createdAt
     FROM access_tokens WHERE issuer = ? AND client_id = ? AND scopes = ?`,
  );
  const remove = db.prepare<[string, string]>('DELETE FROM access_tokens WHERE issuer = ? AND client_id = ?');
  return {
    async saveAccessToken(token: StoredAccessToken) {
      save.run(token);
    },
    async findAccessToken(issuer: string, clientId: string, scopes: string) {
      return find.get(issuer, clientId, scopes) ?? null;
    },
    async removeAccessTokens(issuer: string, clientId: string) {
      remove.run(issuer, clientId);
    },
  };
}
