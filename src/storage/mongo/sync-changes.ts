import type { Connection } from 'mongoose';
import type { SyncId } from '../../channels/channel.ts';
import type { StoredChange, SyncStore } from '../../channels/channel-store.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { CHANGES_IN_BLOCK, type PackedChanges, packChanges, unpackChanges } from '../packed-changes.ts';
import { rowsOf } from './model.ts';
import { type SyncChangesDocument, syncChangeModel, syncRunModel } from './sync-documents.ts';

/** The diffs of sync runs. */
export function createSyncChanges(db: Connection): Pick<SyncStore, 'saveSyncChanges' | 'syncChanges'> {
  const runs = rowsOf(syncRunModel(db));
  const blocks = rowsOf(syncChangeModel(db));

  /** What is left of the block that begins before `from` and reaches beyond it, if there is one. */
  async function shortened(syncId: SyncId, from: number): Promise<PackedChanges[]> {
    if (from === 0) return [];
    const firstNumber = { $lt: from, $gt: from - CHANGES_IN_BLOCK };
    const around = await blocks.findOne({ syncId, firstNumber }, { sort: { firstNumber: -1 } });
    const known = around ? unpackChanges(around) : [];
    const kept = known.filter(({ number }) => number < from);
    return around && kept.length < known.length ? packChanges(around.firstNumber, kept) : [];
  }

  /**
   * First everything from `from` on goes, then the new lines come: whatever moment a crash chooses, no line of an earlier
   * diff stands behind a new one, and the same call again, or the run's next attempt, brings what is missing.
   */
  async function save(syncId: SyncId, from: number, changes: RosterChange[]): Promise<void> {
    // What has a diff is found by this when its time is over; so it comes before the diff.
    if (from === 0 && changes.length > 0) await runs.updateOne({ _id: syncId }, { $set: { hasDiff: true } });
    const put = [...(await shortened(syncId, from)), ...packChanges(from, changes)].map((block) =>
      toDocument(syncId, block),
    );
    await blocks.bulkWrite([
      { deleteMany: { filter: { syncId, firstNumber: { $gte: from } } } },
      ...put.map((document) => ({
        replaceOne: { filter: { _id: document._id, syncId }, replacement: document, upsert: true },
      })),
    ]);
  }

  async function range(syncId: SyncId, { from, limit, kind }: Parameters<SyncStore['syncChanges']>[1]) {
    const found: StoredChange[] = [];
    const isWanted = (change: StoredChange) => change.number >= from && (kind === undefined || change.kind === kind);
    const wanted = { syncId, ...(kind === undefined ? {} : { kinds: kind }) };
    const atOnce = kind === undefined ? Math.ceil(limit / CHANGES_IN_BLOCK) + 1 : AT_ONCE;
    // A block that begins before the first change asked for may hold it.
    for (let after = from - CHANGES_IN_BLOCK, more = true; more && found.length < limit; ) {
      const read = await blocks
        .find({ ...wanted, firstNumber: { $gt: after } })
        .sort({ firstNumber: 1 })
        .limit(atOnce)
        .toArray();
      found.push(...read.flatMap(unpackChanges).filter(isWanted));
      more = read.length === atOnce;
      after = read.at(-1)?.firstNumber ?? after;
    }
    return found.slice(0, limit);
  }

  return { saveSyncChanges: save, syncChanges: range };
}

/** Blocks with some change of a kind that are read at once: there may be one in each. */
const AT_ONCE = 20;

function toDocument(syncId: SyncId, block: PackedChanges): SyncChangesDocument {
  return { _id: `${syncId}/${block.firstNumber}`, syncId, ...block };
}
