import type { Connection } from 'mongoose';
import type { SyncId } from '../../channels/channel.ts';
import { rowsOf } from './model.ts';
import { syncChangeModel, syncRunModel } from './sync-documents.ts';

/** Diffs name people; what a sync did in numbers is kept longer. Milliseconds. */
const DIFFS_KEPT = 90 * 86_400_000;
const RUNS_KEPT = 400 * 86_400_000;

/** Removing a block of changes costs as much as removing so many other documents. */
const DOCUMENTS_OF_A_BLOCK = 10;

type Slice = { now: number; limit: number };

/**
 * Removes the diffs of runs that ended long ago, and the runs that ended long before those; whether more may be left. A
 * run that waits for a person stays. The mark of a diff goes after the diff, and a run after its mark: a crash in
 * between leaves what the next call finds.
 */
export function createSyncExpiry(db: Connection): (slice: Slice) => Promise<boolean> {
  const removeDiffs = createDiffRemoval(db);
  const runs = rowsOf(syncRunModel(db));

  async function removeRuns({ now, limit }: Slice): Promise<boolean> {
    const over = {
      finishedAt: { $lte: now - RUNS_KEPT },
      state: { $ne: 'held' as const },
      hasDiff: { $exists: false },
    };
    const found = await runs
      .find(over, { projection: { _id: 1 } })
      .limit(limit)
      .toArray();
    if (found.length > 0) await runs.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...over });
    return found.length === limit;
  }

  return async (slice) => {
    const moreDiffs = await removeDiffs(slice);
    return (await removeRuns(slice)) || moreDiffs;
  };
}

function createDiffRemoval(db: Connection): (slice: Slice) => Promise<boolean> {
  const runs = rowsOf(syncRunModel(db));
  const blocks = rowsOf(syncChangeModel(db));

  async function removeBlocks(ids: SyncId[], limit: number): Promise<number> {
    const wanted = { syncId: { $in: ids } };
    const found = await blocks
      .find(wanted, { projection: { _id: 1 } })
      .limit(limit)
      .toArray();
    if (found.length > 0) await blocks.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...wanted });
    return found.length;
  }

  return async ({ now, limit }) => {
    const over = { hasDiff: true as const, finishedAt: { $lte: now - DIFFS_KEPT }, state: { $ne: 'held' as const } };
    const found = await runs
      .find(over, { projection: { _id: 1 } })
      .sort({ finishedAt: 1 })
      .limit(limit)
      .toArray();
    const ids = found.map(({ _id }) => _id);
    if (ids.length === 0) return false;
    const most = Math.ceil(limit / DOCUMENTS_OF_A_BLOCK);
    const removed = await removeBlocks(ids, most);
    const left = new Set(await blocks.distinct('syncId', { syncId: { $in: ids } }));
    const empty = ids.filter((id) => !left.has(id));
    // The runs of a year, which are kept, are not looked at again and again.
    if (empty.length > 0) await runs.updateMany({ _id: { $in: empty } }, { $unset: { hasDiff: '' } });
    return removed === most || empty.length === limit;
  };
}
