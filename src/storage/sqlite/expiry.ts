import type { Storage } from '../storage.ts';
import type { Database } from './database.ts';
import { createPurge, ROWS_OF_A_BLOCK } from './purge.ts';

/** Diffs name people; what a sync did in numbers is kept longer. Milliseconds. */
const DIFFS_KEPT = 90 * 86_400_000;
const RUNS_KEPT = 400 * 86_400_000;

type RemoveExpired = Storage['removeExpired'];

/** Removes rows whose time is over, `limit` of each table at most, so that no request waits long for it. */
export function createRemoveExpired(db: Database): RemoveExpired {
  const diffs = db.prepare<{ now: number; limit: number }>(
    `DELETE FROM sync_changes WHERE (sync_id, first_number) IN (
       SELECT sync_id, first_number FROM sync_runs JOIN sync_changes ON sync_id = id
       WHERE finished_at <= @now - ${DIFFS_KEPT} AND state <> 'held' LIMIT @limit)`,
  );
  const statements = [
    prepareRemoval(db, 'logins', 'state_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'sessions', 'id_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'rate_limits', 'key', 'resets_at <= @now'),
    // Not one that is being used at this moment.
    prepareRemoval(db, 'registration_invites', 'id', 'expires_at <= @now AND coalesce(claimed_until, 0) <= @now'),
    prepareRemoval(db, 'sync_runs', 'id', `finished_at <= @now - ${RUNS_KEPT} AND state <> 'held'`),
  ];
  const purge = createPurge(db);
  return async (now, limit) => {
    const blocks = Math.ceil(limit / ROWS_OF_A_BLOCK);
    const moreDiffs = diffs.run({ now, limit: blocks }).changes === blocks;
    const removed = statements.map((statement) => statement.run({ now, limit }).changes);
    return moreDiffs || [...removed, ...purge({ now, limit })].includes(limit);
  };
}

function prepareRemoval(db: Database, table: string, key: string, isOver: string) {
  return db.prepare<{ now: number; limit: number }>(
    `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${isOver} LIMIT @limit)`,
  );
}
