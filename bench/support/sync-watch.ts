import type { SyncRun } from '../../src/channels/sync-run.ts';
import type { Storage } from '../../src/storage/storage.ts';

/** When a run began and ended, in epoch milliseconds, as one process saved it. */
export type WatchedRun = { begunAt: number | null; endedAt: number | null; run: SyncRun };

/** What this process saves of runs, so that nobody has to ask the database for it. */
export type SyncWatch = {
  /** To be used in place of the storage that is watched. */
  storage: Storage;
  runs: ReadonlyMap<string, WatchedRun>;
  /** Resolves when the run has ended, if this process is the one to end it. */
  ended(id: SyncRun['id']): Promise<WatchedRun & { endedAt: number }>;
};

export function watchSyncs(storage: Storage): SyncWatch {
  const runs = new Map<string, WatchedRun>();
  const waiting = new Map<string, () => void>();

  function see(run: SyncRun): void {
    const { begunAt = null } = runs.get(run.id) ?? {};
    const endedAt = run.finishedAt === null ? null : exactTime();
    runs.set(run.id, { begunAt: begunAt ?? (run.state === 'running' ? exactTime() : null), endedAt, run });
    if (endedAt !== null) waiting.get(run.id)?.();
  }

  async function saveSync(run: SyncRun): Promise<boolean> {
    const saved = await storage.syncs.saveSync(run);
    if (saved) see(run);
    return saved;
  }

  return {
    storage: { ...storage, syncs: { ...storage.syncs, saveSync } },
    runs,
    async ended(id) {
      const known = runs.get(id)?.endedAt != null;
      if (!known) await new Promise<void>((resolve) => waiting.set(id, resolve));
      waiting.delete(id);
      return runs.get(id) as WatchedRun & { endedAt: number };
    },
  };
}

/** The time of the machine, finer than milliseconds. */
export function exactTime(): number {
  return performance.timeOrigin + performance.now();
}
