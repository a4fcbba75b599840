import type { LeaseStore } from '../../channels/channel-store.ts';
import type { Database } from './database.ts';

export function createLeaseStore(db: Database): LeaseStore {
  const acquire = db.prepare<{ name: string; holder: string; now: number; until: number }>(
    `INSERT INTO leases (name, holder, until) VALUES (@name, @holder, @until)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
     WHERE holder = excluded.holder OR until <= @now`,
  );
  const renew = db.prepare<{ name: string; holder: string; now: number; until: number }>(
    'UPDATE leases SET until = @until WHERE name = @name AND holder = @holder AND until > @now',
  );
  const release = db.prepare<[string, string]>('DELETE FROM leases WHERE name = ? AND holder = ?');
  const held = db.prepare<[], { name: string; holder: string }>('SELECT name, holder FROM leases');
  return {
    async acquireLease(name, holder, now, until) {
      return acquire.run({ name, holder, now, until }).changes === 1;
    },
    async renewLease(name, holder, now, until) {
      return renew.run({ name, holder, now, until }).changes === 1;
    },
    async releaseLease(name, holder) {
      release.run(name, holder);
    },
    listLeases: async () => held.all(),
  };
}
