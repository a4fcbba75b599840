import type { StoredChange, SyncStore } from './channel-store.ts';
import type { SyncRun } from './sync-run.ts';

/** A stored diff has fewer lines than its run says: what is missing must not pass for applied. */
export class DiffIncomplete extends Error {
  constructor(missing: number) {
    super(`line ${missing} of a stored diff is missing`);
  }
}

/** Lines of a run's diff from number `from` on, all that are asked for, in order. */
export async function linesOf(
  syncs: Pick<SyncStore, 'syncChanges'>,
  run: SyncRun,
  range: { from: number; limit: number },
): Promise<StoredChange[]> {
  const lines = await syncs.syncChanges(run.id, range);
  const gap = lines.findIndex(({ number }, i) => number !== range.from + i);
  const whole = gap === -1 ? lines.length : gap;
  if (whole < range.limit) throw new DiffIncomplete(range.from + whole);
  return lines;
}
