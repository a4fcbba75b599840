import type { AddGrantOptions, Grant, Session, SessionStore } from '../../web/session-store.ts';
import { fromJson, toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';

type SessionRow = Omit<Session, 'grants'> & { grants: string };

export function createSessionStore(db: Database): SessionStore {
  const insert = db.prepare<[SessionRow]>(
    'INSERT INTO sessions (id_hash, grants, created_at, expires_at) VALUES (@idHash, @grants, @createdAt, @expiresAt)',
  );
  const find = db.prepare<[string, number], SessionRow>(
    `SELECT id_hash AS idHash, grants, created_at AS createdAt, expires_at AS expiresAt
     FROM sessions WHERE id_hash = ? AND expires_at > ?`,
  );
  const update = db.prepare<[string, number, string]>(
    'UPDATE sessions SET grants = ?, expires_at = ? WHERE id_hash = ?',
  );
  const remove = db.prepare<[string]>('DELETE FROM sessions WHERE id_hash = ?');

  const addGrant = atomic(db, (idHash: string, grant: Grant, options: AddGrantOptions) => {
    const row = find.get(idHash, options.now);
    if (!row) return false;
    const beside = grantsBeside(grant, fromJson<Grant[]>(row.grants), options);
    const grants = [...beside, grant].slice(-options.keep);
    update.run(toJson(grants), options.expiresAt, idHash);
    return true;
  });

  return {
    async createSession(session) {
      insert.run({ ...session, grants: toJson(session.grants) });
    },
    async findSession(idHash, now) {
      const row = find.get(idHash, now);
      return row ? { ...row, grants: fromJson<Grant[]>(row.grants) } : null;
    },
    async addGrant(idHash, grant, options) {
      return addGrant(idHash, grant, options);
    },
    async removeSession(idHash) {
      return remove.run(idHash).changes === 1;
    },
  };
}

/** Those of the known grants that stay when one is added. */
function grantsBeside(added: Grant, known: Grant[], { onePersonOf }: AddGrantOptions): Grant[] {
  const isOthers = ({ platformId, userId }: Grant) => platformId === onePersonOf && userId !== added.userId;
  const somebodyElse = known.some((grant) => isOthers(grant) && !grant.isTest);
  return somebodyElse ? known.filter((grant) => !isOthers(grant)) : known;
}
