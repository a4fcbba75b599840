import type { SyncId } from '../../channels/channel.ts';
import type { StoredChange, SyncStore } from '../../channels/channel-store.ts';
import type { RosterChange, RosterChangeKind } from '../../channels/sync-run.ts';
import { packChanges, unpackChanges } from '../packed-changes.ts';
import { atomic, type Database } from './database.ts';

type Block = { firstNumber: number; changes: string };

/** The diffs of sync runs. */
export function createSyncChanges(db: Database): Pick<SyncStore, 'saveSyncChanges' | 'syncChanges'> {
  const cut = db.prepare<[string, number]>('DELETE FROM sync_changes WHERE sync_id = ? AND first_number >= ?');
  const insert = db.prepare<[string, number, string, string]>(
    'INSERT INTO sync_changes (sync_id, first_number, kinds, changes) VALUES (?, ?, ?, ?)',
  );
  const mine = db
    .prepare<[string, number], number>(
      `SELECT 1 FROM sync_runs WHERE id = ? AND state IN ('queued', 'running') AND restarts <= ?`,
    )
    .pluck();
  // What has a diff is found by this when its time is over.
  const mark = db.prepare<[string]>('UPDATE sync_runs SET has_diff = 1 WHERE id = ? AND has_diff = 0');
  const lastBefore = db.prepare<[string, number], Block>(
    `SELECT first_number AS firstNumber, changes FROM sync_changes
     WHERE sync_id = ? AND first_number <= ? ORDER BY first_number DESC LIMIT 1`,
  );
  const next = db.prepare<{ syncId: string; after: number; kind: string | null }, Block>(
    `SELECT first_number AS firstNumber, changes FROM sync_changes
     WHERE sync_id = @syncId AND first_number > @after AND (@kind IS NULL OR instr(kinds, @kind) > 0)
     ORDER BY first_number LIMIT 1`,
  );

  function put(syncId: SyncId, from: number, changes: RosterChange[]): void {
    for (const block of packChanges(from, changes)) {
      insert.run(syncId, block.firstNumber, block.kinds.join(), block.changes);
    }
  }

  // What stood from `from` on is replaced: a run that is begun again after a crash must not keep lines of its first diff.
  // The run is asked in the same transaction, so a process that was replaced takes nothing from its successor.
  const save = atomic(db, (sync: { id: SyncId; attempt: number }, from: number, changes: RosterChange[]) => {
    const syncId = sync.id;
    if (mine.get(syncId, sync.attempt) === undefined) return false;
    const around = from > 0 ? lastBefore.get(syncId, from) : undefined;
    const kept = around ? unpackChanges(around).filter(({ number }) => number < from) : [];
    cut.run(syncId, around?.firstNumber ?? from);
    if (around) put(syncId, around.firstNumber, kept);
    put(syncId, from, changes);
    if (changes.length > 0) mark.run(syncId);
    return true;
  });

  function range(syncId: SyncId, query: { from: number; limit: number; kind?: RosterChangeKind }): StoredChange[] {
    const found: StoredChange[] = [];
    const { from, limit, kind = null } = query;
    let block = lastBefore.get(syncId, from) ?? next.get({ syncId, after: from, kind });
    while (block && found.length < limit) {
      for (const change of unpackChanges(block)) {
        if (change.number >= from && (kind === null || change.kind === kind)) found.push(change);
      }
      block = next.get({ syncId, after: block.firstNumber, kind });
    }
    return found.slice(0, limit);
  }

  return {
    saveSyncChanges: async (sync, from, changes) => save(sync, from, changes),
    syncChanges: async (syncId, query) => range(syncId, query),
  };
}
