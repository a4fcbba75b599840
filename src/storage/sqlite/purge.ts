import { DELETED_KEPT_MS } from '../../channels/channel.ts';
import { atomic, type Database } from './database.ts';

/** Removing a block of changes costs as much as removing so many other rows. */
const ROWS_OF_A_BLOCK = 10;

/** How many blocks of changes are removed where `limit` other rows would be. */
export function blocksOf(limit: number): number {
  return Math.ceil(limit / ROWS_OF_A_BLOCK);
}

type Slice = { now: number; limit: number };

const PURGED = '(SELECT id FROM channels WHERE purging = 1)';

/**
 * Removes channels that were deleted too long ago to be restored, `limit` rows of each table at most; whether it may
 * have left some. What it begins with makes a channel gone for everybody at one moment: a course that is launched from then on
 * gets a new one, with its reference ID, and no writer brings the old one back half emptied.
 */
export function createPurge(db: Database): (slice: Slice) => boolean {
  const mark = db.prepare<Slice, string>(
    `UPDATE channels SET purging = 1, reference_id = NULL, version = version + 1
     WHERE id IN (SELECT id FROM channels WHERE deleted_at <= @now - ${DELETED_KEPT_MS} AND purging = 0 LIMIT @limit)
     RETURNING id`,
  );
  const removeContexts = db.prepare<[string]>('DELETE FROM contexts WHERE channel_id = ?');
  const begin = atomic(db, (slice: Slice): number => {
    const begun = mark.pluck().all(slice);
    for (const id of begun) removeContexts.run(id);
    return begun.length;
  });
  const removals = [
    `DELETE FROM memberships WHERE (channel_id, user_id) IN (
       SELECT channel_id, user_id FROM memberships WHERE channel_id IN ${PURGED} LIMIT @limit)`,
    `DELETE FROM sync_changes WHERE (sync_id, first_number) IN (
       SELECT sync_id, first_number FROM sync_runs JOIN sync_changes ON sync_id = id
       WHERE channel_id IN ${PURGED} LIMIT @blocks)`,
    `DELETE FROM sync_runs WHERE id IN (
       SELECT id FROM sync_runs WHERE channel_id IN ${PURGED}
         AND NOT EXISTS (SELECT 1 FROM sync_changes WHERE sync_id = id) LIMIT @limit)`,
    `DELETE FROM meeting_links WHERE id IN (SELECT id FROM meeting_links WHERE channel_id IN ${PURGED} LIMIT @limit)`,
    // A recording is its owner's: it stays, in their library.
    `UPDATE recordings SET channel_id = NULL WHERE id IN (
       SELECT id FROM recordings WHERE channel_id IN ${PURGED} LIMIT @limit)`,
    `UPDATE recordings SET former_channel_id = NULL WHERE id IN (
       SELECT id FROM recordings WHERE former_channel_id IN ${PURGED} LIMIT @limit)`,
    `DELETE FROM channels WHERE id IN (
       SELECT id FROM channels WHERE purging = 1
         AND NOT EXISTS (SELECT 1 FROM memberships WHERE channel_id = channels.id)
         AND NOT EXISTS (SELECT 1 FROM sync_runs WHERE channel_id = channels.id)
         AND NOT EXISTS (SELECT 1 FROM meeting_links WHERE channel_id = channels.id)
         AND NOT EXISTS (SELECT 1 FROM recordings WHERE channel_id = channels.id)
         AND NOT EXISTS (SELECT 1 FROM recordings WHERE former_channel_id = channels.id) LIMIT @limit)`,
  ].map((sql) => db.prepare<{ limit: number; blocks: number }>(sql));
  return (slice) => {
    const [limit, blocks] = [slice.limit, blocksOf(slice.limit)];
    const begun = begin(slice);
    const [members = 0, changes = 0, ...others] = removals.map((removal) => removal.run({ limit, blocks }).changes);
    return changes === blocks || [begun, members, ...others].includes(limit);
  };
}
