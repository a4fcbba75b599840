import type { RateLimitStore } from './session-store.ts';

/** Hits of one key in its window: as the store knew them last, and those it was not told of. */
type Count = { told: number; untold: number; resetsAt: number };

const KEYS_AT_MOST = 10_000;

/**
 * Tells the store of hits in portions, as most clients make a few in a window, and each write is one more transaction.
 * With a portion of one or none, and for keys beyond the first 10,000, every hit is told at once.
 */
export function countInPortions(store: RateLimitStore, portion: number): RateLimitStore {
  if (portion <= 1) return store;
  const counts = new Map<string, Count>();
  let nextSweep = 0;

  function countOf(key: string, now: number, windowMs: number): Count | null {
    const known = counts.get(key);
    if (known && known.resetsAt > now) return known;
    if (counts.size >= KEYS_AT_MOST && now >= nextSweep) {
      dropOver(counts, now);
      nextSweep = now + windowMs;
    }
    if (!known && counts.size >= KEYS_AT_MOST) return null;
    const count = { told: 0, untold: 0, resetsAt: now + windowMs };
    counts.set(key, count);
    return count;
  }

  return {
    async countHit(key, now, windowMs, hits = 1) {
      const count = countOf(key, now, windowMs);
      if (count === null) return store.countHit(key, now, windowMs, hits);
      count.untold += hits;
      if (count.untold >= portion) {
        const told = count.untold;
        count.untold = 0;
        const { hits: all, resetsAt } = await store.countHit(key, now, windowMs, told);
        count.told = all;
        count.resetsAt = resetsAt;
      }
      return { hits: count.told + count.untold, resetsAt: count.resetsAt };
    },
    async forgetHit(key) {
      const count = counts.get(key);
      if (count && count.untold > 0) count.untold -= 1;
      else await store.forgetHit(key);
    },
    async forgetHits(key) {
      counts.delete(key);
      await store.forgetHits(key);
    },
  };
}

function dropOver(counts: Map<string, Count>, now: number): void {
  for (const [key, { resetsAt }] of counts) if (resetsAt <= now) counts.delete(key);
}
