import type { Storage } from '../storage.ts';
import { ENDED_KEPT_MS } from '../zoom-changes.ts';
import type { Database } from './database.ts';
import { blocksOf, createPurge } from './purge.ts';

/** Diffs name people; what a sync did in numbers is kept longer. Milliseconds. */
const DIFFS_KEPT = 90 * 86_400_000;
const RUNS_KEPT = 400 * 86_400_000;

type RemoveExpired = Storage['removeExpired'];

/** Removes rows whose time is over, `limit` of each table at most, so that no request waits long for it. */
export function createRemoveExpired(db: Database): RemoveExpired {
  const removeDiffs = createDiffRemoval(db);
  const statements = [
    prepareRemoval(db, 'logins', 'state_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'sessions', 'id_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'rate_limits', 'key', 'resets_at <= @now'),
    // Not one that is being used at this moment.
    prepareRemoval(db, 'registration_invites', 'id', 'expires_at <= @now AND coalesce(claimed_until, 0) <= @now'),
    prepareRemoval(db, 'zoom_authorisations', 'state_hash', 'expires_at <= @now'),
    prepareRemoval(db, 'ended_connections', 'user_id', `at <= @now - ${ENDED_KEPT_MS}`),
    prepareRemoval(db, 'sync_runs', 'id', `finished_at <= @now - ${RUNS_KEPT} AND state <> 'held'`),
  ];
  const purge = createPurge(db);
  return async (now, limit) => {
    const moreDiffs = removeDiffs({ now, limit });
    const removed = statements.map((statement) => statement.run({ now, limit }).changes);
    const morePurged = purge({ now, limit });
    return moreDiffs || morePurged || removed.includes(limit);
  };
}

type Slice = { now: number; limit: number };

/**
 * Removes the diffs of runs that ended long ago; whether it may have left some. A run whose diff is gone loses its mark,
 * so that the runs of a year, which are kept, are not looked at again and again.
 */
function createDiffRemoval(db: Database): (slice: Slice) => boolean {
  const over = `has_diff = 1 AND finished_at <= @now - ${DIFFS_KEPT} AND state <> 'held'`;
  const remove = db.prepare<Slice>(
    `DELETE FROM sync_changes WHERE (sync_id, first_number) IN (
       SELECT sync_id, first_number FROM sync_runs INDEXED BY sync_runs_with_diff JOIN sync_changes ON sync_id = id
       WHERE ${over} ORDER BY finished_at LIMIT @limit)`,
  );
  const unmark = db.prepare<Slice>(
    `UPDATE sync_runs SET has_diff = 0 WHERE id IN (
       SELECT id FROM sync_runs INDEXED BY sync_runs_with_diff
       WHERE ${over} AND NOT EXISTS (SELECT 1 FROM sync_changes WHERE sync_id = id) ORDER BY finished_at LIMIT @limit)`,
  );
  return ({ now, limit }) => {
    const blocks = blocksOf(limit);
    const removed = remove.run({ now, limit: blocks }).changes;
    const unmarked = unmark.run({ now, limit }).changes;
    return removed === blocks || unmarked === limit;
  };
}

function prepareRemoval(db: Database, table: string, key: string, isOver: string) {
  return db.prepare<{ now: number; limit: number }>(
    `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${isOver} LIMIT @limit)`,
  );
}
