import type { SyncId } from '../../channels/channel.ts';
import type { StoredChange, SyncStore } from '../../channels/channel-store.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { fromJson, toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';

type ChangeRow = Pick<StoredChange, 'number' | 'kind' | 'subject'> & {
  entry: string | null;
  before: string | null;
  after: string;
};

/** The diffs of sync runs. */
export function createSyncChanges(db: Database): Pick<SyncStore, 'saveSyncChanges' | 'syncChanges'> {
  const cut = db.prepare<[string, number]>('DELETE FROM sync_changes WHERE sync_id = ? AND number >= ?');
  const insert = db.prepare<[string, number, string, string, string | null, string | null, string]>(
    'INSERT INTO sync_changes (sync_id, number, kind, subject, entry, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const range = db.prepare<{ syncId: string; from: number; limit: number; kind: string | null }, ChangeRow>(
    `SELECT number, kind, subject, entry, before, after FROM sync_changes
     WHERE sync_id = @syncId AND number >= @from AND (@kind IS NULL OR kind = @kind)
     ORDER BY number LIMIT @limit`,
  );

  // What stood from `from` on is replaced: a run that is begun again after a crash must not keep lines of its first diff.
  const save = atomic(db, (syncId: SyncId, from: number, changes: RosterChange[]) => {
    cut.run(syncId, from);
    for (const [i, { kind, subject, entry, before, after }] of changes.entries()) {
      insert.run(syncId, from + i, kind, subject, orNull(entry), orNull(before), toJson(after));
    }
  });

  return {
    async saveSyncChanges(syncId, from, changes) {
      save(syncId, from, changes);
    },
    syncChanges: async (syncId, { from, limit, kind }) =>
      range.all({ syncId, from, limit, kind: kind ?? null }).map(fromRow),
  };
}

function orNull(value: object | null): string | null {
  return value === null ? null : toJson(value);
}

function fromRow(row: ChangeRow): StoredChange {
  return {
    number: row.number,
    kind: row.kind,
    subject: row.subject,
    entry: row.entry === null ? null : fromJson(row.entry),
    before: row.before === null ? null : fromJson(row.before),
    after: fromJson(row.after),
  };
}
