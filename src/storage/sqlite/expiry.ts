import type { Storage } from '../storage.ts';
import type { Database } from './database.ts';

type RemoveExpired = Storage['removeExpired'];

/** Removes rows whose time is over, `limit` of each table at most, so that no request waits long for it. */
export function createRemoveExpired(db: Database): RemoveExpired {
  const statements = [
    prepareRemoval(db, 'logins', 'state_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'sessions', 'id_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'rate_limits', 'key', 'resets_at <= @now'),
    // Not one that is being used at this moment.
    prepareRemoval(db, 'registration_invites', 'id', 'expires_at <= @now AND coalesce(claimed_until, 0) <= @now'),
  ];
  return async (now, limit) => {
    for (const statement of statements) statement.run({ now, limit });
  };
}

function prepareRemoval(db: Database, table: string, key: string, isOver: string) {
  return db.prepare<{ now: number; limit: number }>(
    `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${isOver} LIMIT @limit)`,
  );
}
