import type { RateLimitStore } from '../../web/session-store.ts';
import type { Database } from './database.ts';

export function createRateLimitStore(db: Database): RateLimitStore {
  const count = db.prepare<
    { key: string; hits: number; now: number; resetsAt: number },
    { hits: number; resetsAt: number }
  >(
    `INSERT INTO rate_limits (key, hits, resets_at) VALUES (@key, @hits, @resetsAt)
     ON CONFLICT (key) DO UPDATE SET
       hits = CASE WHEN resets_at <= @now THEN @hits ELSE hits + @hits END,
       resets_at = CASE WHEN resets_at <= @now THEN excluded.resets_at ELSE resets_at END
     RETURNING hits, resets_at AS resetsAt`,
  );
  const forgetOne = db.prepare<[string]>('UPDATE rate_limits SET hits = hits - 1 WHERE key = ? AND hits > 0');
  const forgetAll = db.prepare<[string]>('DELETE FROM rate_limits WHERE key = ?');
  return {
    async countHit(key, now, windowMs, hits = 1) {
      return count.get({ key, hits, now, resetsAt: now + windowMs }) ?? { hits, resetsAt: now + windowMs };
    },
    async forgetHit(key) {
      forgetOne.run(key);
    },
    async forgetHits(key) {
      forgetAll.run(key);
    },
  };
}
