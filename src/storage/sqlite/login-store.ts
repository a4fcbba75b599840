import type { Login, LoginStore } from '../../lti/lti-store.ts';
import type { Database } from './database.ts';

/** The login as SQL gives it back under the names of the domain. */
const COLUMNS = `state_hash AS stateHash, nonce, platform_id AS platformId, issuer, client_id AS clientId,
  deployment_id AS deploymentId, target_link_uri AS targetLinkUri, login_hint AS loginHint,
  message_hint AS messageHint, storage_target AS storageTarget, browser_hash AS browserHash,
  storage_hash AS storageHash, created_at AS createdAt, expires_at AS expiresAt`;

export function createLoginStore(db: Database): LoginStore {
  const insert = db.prepare<[Login]>(
    `INSERT INTO logins
       (state_hash, nonce, platform_id, issuer, client_id, deployment_id, target_link_uri, login_hint,
        message_hint, storage_target, browser_hash, storage_hash, created_at, expires_at)
     VALUES (@stateHash, @nonce, @platformId, @issuer, @clientId, @deploymentId, @targetLinkUri, @loginHint,
        @messageHint, @storageTarget, @browserHash, @storageHash, @createdAt, @expiresAt)`,
  );
  const find = db.prepare<[string, number], Login>(
    `SELECT ${COLUMNS} FROM logins WHERE state_hash = ? AND expires_at > ?`,
  );
  const take = db.prepare<[string, number], Login>(
    `DELETE FROM logins WHERE state_hash = ? AND expires_at > ? RETURNING ${COLUMNS}`,
  );
  return {
    async saveLogin(login) {
      insert.run(login);
    },
    async findLogin(stateHash, now) {
      return find.get(stateHash, now) ?? null;
    },
    async consumeLoginState(stateHash, now) {
      return take.get(stateHash, now) ?? null;
    },
  };
}
