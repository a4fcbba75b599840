import type { Login, LoginStore } from '../../lti/lti-store.ts';
import type { Row } from './columns.ts';
import type { Database } from './database.ts';

const COLUMNS = `state_hash, nonce, platform_id, issuer, client_id, deployment_id, target_link_uri, login_hint,
  message_hint, storage_target, browser_hash, storage_hash, created_at, expires_at`;

export function createLoginStore(db: Database): LoginStore {
  const insert = db.prepare<unknown[]>(
    `INSERT INTO logins (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const find = db
    .prepare<[string, number], Row>(`SELECT ${COLUMNS} FROM logins WHERE state_hash = ? AND expires_at > ?`)
    .raw();
  const take = db
    .prepare<[string, number], Row>(`DELETE FROM logins WHERE state_hash = ? AND expires_at > ? RETURNING ${COLUMNS}`)
    .raw();
  return {
    async saveLogin(login) {
      insert.run(...values(login));
    },
    async findLogin(stateHash, now) {
      return read(find.get(stateHash, now));
    },
    async consumeLoginState(stateHash, now) {
      return read(take.get(stateHash, now));
    },
  };
}

/** In the order of `COLUMNS`. */
function values(login: Login): Row {
  return [
    login.stateHash,
    login.nonce,
    login.platformId,
    login.issuer,
    login.clientId,
    login.deploymentId,
    login.targetLinkUri,
    login.loginHint,
    login.messageHint,
    login.storageTarget,
    login.browserHash,
    login.storageHash,
    login.createdAt,
    login.expiresAt,
  ];
}

/** Reads a row of `COLUMNS`. */
function read(row: Row | undefined): Login | null {
  if (!row) return null;
  return {
    stateHash: row[0] as string,
    nonce: row[1] as string,
    platformId: row[2] as Login['platformId'],
    issuer: row[3] as string,
    clientId: row[4] as string,
    deploymentId: row[5] as string | null,
    targetLinkUri: row[6] as string,
    loginHint: row[7] as string,
    messageHint: row[8] as string | null,
    storageTarget: row[9] as string | null,
    browserHash: row[10] as string,
    storageHash: row[11] as string | null,
    createdAt: row[12] as number,
    expiresAt: row[13] as number,
  };
}
