import type { Connection } from 'mongoose';
import type { SyncId } from '../../channels/channel.ts';
import type { StoredChange, SyncStore } from '../../channels/channel-store.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { CHANGES_IN_BLOCK, type PackedChanges, packChanges, unpackChanges } from '../packed-changes.ts';
import { rowsOf } from './model.ts';
import { blockId, type SyncChangesDocument, syncChangeModel, syncRunModel } from './sync-documents.ts';

type Attempt = Parameters<SyncStore['saveSyncChanges']>[0];
type Query = Parameters<SyncStore['syncChanges']>[1];

/** The diffs of sync runs. */
export function createSyncChanges(db: Connection): Pick<SyncStore, 'saveSyncChanges' | 'syncChanges'> {
  const runs = rowsOf(syncRunModel(db));
  const blocks = rowsOf(syncChangeModel(db));

  /** What is left of the block that begins before `from` and reaches beyond it, if there is one. */
  async function shortened({ id: syncId, attempt }: Attempt, from: number): Promise<PackedChanges[]> {
    if (from === 0) return [];
    const firstNumber = { $lt: from, $gt: from - CHANGES_IN_BLOCK };
    const around = await blocks.findOne({ syncId, attempt, firstNumber }, { sort: { firstNumber: -1 } });
    const known = around ? unpackChanges(around) : [];
    const kept = known.filter(({ number }) => number < from);
    return around && kept.length < known.length ? packChanges(around.firstNumber, kept) : [];
  }

  /**
   * Whether the attempt still counts. With its first slice its diff becomes the run's in the same write, and what has a
   * diff is found by `hasDiff` when its time is over: so this comes before the blocks.
   */
  async function claim({ id, attempt }: Attempt, from: number, changes: RosterChange[]): Promise<boolean> {
    const mine = { _id: id, activeKey: { $exists: true }, restarts: { $lte: attempt } };
    if (from > 0) return (await runs.findOne(mine, { projection: { _id: 1 } })) !== null;
    const diff = { diffAttempt: attempt, ...(changes.length > 0 ? { hasDiff: true as const } : {}) };
    return (await runs.updateOne(mine, { $set: diff })).matchedCount === 1;
  }

  /**
   * Asked whether it still counts, a process may be held up before it writes, and be replaced meanwhile. So each attempt
   * has blocks of its own, the run says whose are read, and nobody touches those of a later one: what comes late changes
   * nothing that is read. It goes with the run's diff.
   *
   * First everything from `from` on goes, then the new lines come: whatever moment a crash chooses, no line of an earlier
   * diff stands behind a new one, and the same call again, or the run's next attempt, brings what is missing.
   */
  async function save(sync: Attempt, from: number, changes: RosterChange[]): Promise<boolean> {
    if (!(await claim(sync, from, changes))) return false;
    const { id: syncId, attempt } = sync;
    const old = from === 0 ? { syncId, attempt: { $lte: attempt } } : { syncId, attempt, firstNumber: { $gte: from } };
    const put = [...(await shortened(sync, from)), ...packChanges(from, changes)].map((block) =>
      toDocument(sync, block),
    );
    await blocks.bulkWrite([
      { deleteMany: { filter: old } },
      ...put.map((document) => ({
        replaceOne: { filter: { _id: document._id, syncId }, replacement: document, upsert: true },
      })),
    ]);
    return true;
  }

  async function range(syncId: SyncId, { from, limit, kind }: Query): Promise<StoredChange[]> {
    const run = await runs.findOne({ _id: syncId }, { projection: { diffAttempt: 1 } });
    const attempt = run?.diffAttempt;
    if (attempt === undefined) return [];
    const found: StoredChange[] = [];
    const isWanted = (change: StoredChange) => change.number >= from && (kind === undefined || change.kind === kind);
    const wanted = { syncId, attempt, ...(kind === undefined ? {} : { kinds: kind }) };
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

function toDocument({ id: syncId, attempt }: Attempt, block: PackedChanges): SyncChangesDocument {
  return { _id: blockId(syncId, attempt, block.firstNumber), syncId, attempt, ...block };
}
