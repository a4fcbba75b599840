import type { SyncRun } from './sync-run.ts';

/** Runs that wait in this process, first come first served within a platform, platforms in turn. */
export type WaitingRuns = {
  readonly size: number;
  has(id: SyncRun['id']): boolean;
  add(run: SyncRun): void;
  /** Takes the next run of a platform that `mayRun`; null when there is none. */
  take(mayRun: (platformId: SyncRun['platformId']) => boolean): SyncRun | null;
  clear(): void;
};

export function createWaitingRuns(): WaitingRuns {
  const byPlatform = new Map<SyncRun['platformId'], SyncRun[]>();
  const ids = new Set<SyncRun['id']>();
  return {
    get size() {
      return ids.size;
    },
    has: (id) => ids.has(id),
    add(run) {
      const line = byPlatform.get(run.platformId) ?? [];
      line.push(run);
      byPlatform.set(run.platformId, line);
      ids.add(run.id);
    },
    take(mayRun) {
      for (const [platformId, line] of byPlatform) {
        if (!mayRun(platformId)) continue;
        const run = line.shift();
        // To the end of the turn: one platform with thousands of courses must not keep the others waiting.
        byPlatform.delete(platformId);
        if (line.length > 0) byPlatform.set(platformId, line);
        if (run) ids.delete(run.id);
        return run ?? null;
      }
      return null;
    },
    clear() {
      byPlatform.clear();
      ids.clear();
    },
  };
}
