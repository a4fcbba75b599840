import type { ApiKey, ApiKeyStore } from '../../api/api-key-store.ts';
import { fromJson, toJson } from './columns.ts';
import type { Database } from './database.ts';

type ApiKeyRow = Omit<ApiKey, 'scopes'> & { scopes: string };

const COLUMNS = 'id, name, key_hash AS keyHash, scopes, created_at AS createdAt, revoked_at AS revokedAt';

export function createApiKeyStore(db: Database): ApiKeyStore {
  const insert = db.prepare<[ApiKeyRow]>(
    `INSERT INTO api_keys (id, name, key_hash, scopes, created_at, revoked_at)
     VALUES (@id, @name, @keyHash, @scopes, @createdAt, @revokedAt)`,
  );
  const find = db.prepare<[string], ApiKeyRow>(
    `SELECT ${COLUMNS} FROM api_keys WHERE key_hash = ? AND revoked_at IS NULL`,
  );
  const list = db.prepare<[], ApiKeyRow>(`SELECT ${COLUMNS} FROM api_keys ORDER BY created_at, id`);
  const revoke = db.prepare<[number, string]>('UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL');
  return {
    async addApiKey(key) {
      insert.run({ ...key, scopes: toJson(key.scopes) });
    },
    async findApiKey(keyHash) {
      const row = find.get(keyHash);
      return row ? fromRow(row) : null;
    },
    async listApiKeys() {
      return list.all().map(fromRow);
    },
    async revokeApiKey(id, at) {
      return revoke.run(at, id).changes === 1;
    },
  };
}

function fromRow(row: ApiKeyRow): ApiKey {
  return { ...row, scopes: fromJson(row.scopes) };
}
