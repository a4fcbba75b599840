import BetterSqlite3 from 'better-sqlite3';
import type { DatabaseAddress } from '../../src/storage/open.ts';

/** Every write of a membership makes its version one higher; returns by how much they have grown by then. */
export function countWrites(address: DatabaseAddress): Promise<() => Promise<number>> {
  return address.engine === 'sqlite' ? countInSqlite(address.path) : countInMongo(address.url);
}

async function countInSqlite(path: string): Promise<() => Promise<number>> {
  const db = new BetterSqlite3(path, { readonly: true });
  const versions = db.prepare<[], number | null>('SELECT sum(version) FROM memberships').pluck();
  const before = versions.get() ?? 0;
  return async () => {
    const after = versions.get() ?? 0;
    db.close();
    return after - before;
  };
}

async function countInMongo(url: string): Promise<() => Promise<number>> {
  const { createConnection } = (await import('mongoose')).default;
  // Its heartbeats would be counted among the tool's work.
  const versions = async () => {
    const db = await createConnection(url).asPromise();
    const rows = db.collection('memberships');
    const [all] = await rows.aggregate([{ $group: { _id: null, sum: { $sum: '$version' } } }]).toArray();
    await db.close();
    return Number(all?.sum ?? 0);
  };
  const before = await versions();
  return async () => (await versions()) - before;
}
