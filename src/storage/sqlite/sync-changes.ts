import type { SyncId } from '../../channels/channel.ts';
import type { StoredChange, SyncStore } from '../../channels/channel-store.ts';
import type { RosterEntry } from '../../channels/membership.ts';
import type { MemberSummary, RosterChange, RosterChangeKind } from '../../channels/sync-run.ts';
import { fromJson, toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';

type Block = { first: number; changes: string };

/** Changes in one block, at most: what one read of a few changes has to parse. */
const BLOCK = 100;

/** The diffs of sync runs. */
export function createSyncChanges(db: Database): Pick<SyncStore, 'saveSyncChanges' | 'syncChanges'> {
  const cut = db.prepare<[string, number]>('DELETE FROM sync_changes WHERE sync_id = ? AND first_number >= ?');
  const insert = db.prepare<[string, number, string, string]>(
    'INSERT INTO sync_changes (sync_id, first_number, kinds, changes) VALUES (?, ?, ?, ?)',
  );
  // What has a diff is found by this when its time is over.
  const mark = db.prepare<[string]>('UPDATE sync_runs SET has_diff = 1 WHERE id = ? AND has_diff = 0');
  const lastBefore = db.prepare<[string, number], Block>(
    `SELECT first_number AS first, changes FROM sync_changes
     WHERE sync_id = ? AND first_number <= ? ORDER BY first_number DESC LIMIT 1`,
  );
  const next = db.prepare<{ syncId: string; after: number; kind: string | null }, Block>(
    `SELECT first_number AS first, changes FROM sync_changes
     WHERE sync_id = @syncId AND first_number > @after AND (@kind IS NULL OR instr(kinds, @kind) > 0)
     ORDER BY first_number LIMIT 1`,
  );

  function put(syncId: SyncId, from: number, changes: RosterChange[]): void {
    for (let i = 0; i < changes.length; i += BLOCK) {
      const block = changes.slice(i, i + BLOCK);
      const kinds = [...new Set(block.map(({ kind }) => kind))].join();
      insert.run(syncId, from + i, kinds, toJson(block.map(pack)));
    }
  }

  // What stood from `from` on is replaced: a run that is begun again after a crash must not keep lines of its first diff.
  const save = atomic(db, (syncId: SyncId, from: number, changes: RosterChange[]) => {
    const around = from > 0 ? lastBefore.get(syncId, from) : undefined;
    const kept = around ? unpackAll(around).filter(({ number }) => number < from) : [];
    cut.run(syncId, around?.first ?? from);
    if (around) put(syncId, around.first, kept);
    put(syncId, from, changes);
    if (changes.length > 0) mark.run(syncId);
  });

  function range(syncId: SyncId, query: { from: number; limit: number; kind?: RosterChangeKind }): StoredChange[] {
    const found: StoredChange[] = [];
    const { from, limit, kind = null } = query;
    let block = lastBefore.get(syncId, from) ?? next.get({ syncId, after: from, kind });
    while (block && found.length < limit) {
      for (const change of unpackAll(block)) {
        if (change.number >= from && (kind === null || change.kind === kind)) found.push(change);
      }
      block = next.get({ syncId, after: block.first, kind });
    }
    return found.slice(0, limit);
  }

  return {
    async saveSyncChanges(syncId, from, changes) {
      save(syncId, from, changes);
    },
    syncChanges: async (syncId, query) => range(syncId, query),
  };
}

type Packed = [RosterChangeKind, string, PackedEntry | null, PackedSummary | null, PackedSummary];
type PackedEntry = [string | null, string | null, RosterEntry['level'], string, boolean, boolean];
type PackedSummary = [
  MemberSummary['level'],
  MemberSummary['rosterLevel'],
  MemberSummary['override'],
  string | null,
  MemberSummary['inactiveReason'],
];

function pack({ kind, subject, entry, before, after }: RosterChange): Packed {
  return [kind, subject, entry && packEntry(entry), before && packSummary(before), packSummary(after)];
}

function packEntry({ person, level, roles, isTest, inactive }: RosterEntry): PackedEntry {
  return [person.name, person.email, level, roles, isTest, inactive];
}

function packSummary(summary: MemberSummary): PackedSummary {
  return [summary.level, summary.rosterLevel, summary.override, summary.name, summary.inactiveReason];
}

function unpackAll({ first, changes }: Block): StoredChange[] {
  return fromJson<Packed[]>(changes).map(([kind, subject, entry, before, after], i) => ({
    number: first + i,
    kind,
    subject,
    entry: entry && unpackEntry(subject, entry),
    before: before && unpackSummary(before),
    after: unpackSummary(after),
  }));
}

function unpackEntry(subject: string, [name, email, level, roles, isTest, inactive]: PackedEntry): RosterEntry {
  return { subject, person: { name, email }, level, roles, isTest, inactive };
}

function unpackSummary([level, rosterLevel, override, name, inactiveReason]: PackedSummary): MemberSummary {
  return { level, rosterLevel, override, name, inactiveReason };
}
