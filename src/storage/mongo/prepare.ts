import { randomUUID } from 'node:crypto';
import type { Connection, Model } from 'mongoose';
import { type Clock, sleep } from '../../lib/clock.ts';
import { createLeaseStore } from './lease-store.ts';
import { type Judgement, judgeDatabase, markAsOurs, readVersion, SCHEMA_VERSION, writeVersion } from './meta.ts';

/**
 * What brings a database from the version before to the one of its number. Each step may be done again, and by two at
 * once: it may have been interrupted, and a process that was held up may go on when another has begun. Indexes need no
 * step but where one of a known name changes, which has to be dropped first.
 */
const STEPS: Record<number, (db: Connection) => Promise<void>> = {};

const LEASE = 'schema';
const LEASE_MS = 60_000;
const PAUSE_MS = 100;

/**
 * Makes what an empty database needs, or brings an older one up to date: one process does it, others wait for it. A
 * database that is not for this version is left as it was, and the answer says why.
 */
export async function prepareDatabase(db: Connection, clock: Clock): Promise<Exclude<Judgement, 'behind'>> {
  const leases = createLeaseStore(db);
  const holder = randomUUID();
  for (;;) {
    const found = await judgeDatabase(db);
    if (found !== 'behind') {
      // An index that got lost, in a restored copy for one, would take its guarantee with it; one that is there costs nothing.
      if (found === 'ready') await createIndexes(db);
      return found;
    }
    await markAsOurs(db);
    if (await leases.acquireLease(LEASE, holder, clock(), clock() + LEASE_MS)) {
      await bringUpToDate(db).finally(() => leases.releaseLease(LEASE, holder));
    } else {
      await sleep(PAUSE_MS);
    }
  }
}

async function bringUpToDate(db: Connection): Promise<void> {
  const version = await readVersion(db);
  // An empty database gets today's schema at once.
  const first = typeof version === 'number' ? version + 1 : SCHEMA_VERSION + 1;
  for (let number = first; number <= SCHEMA_VERSION; number++) await STEPS[number]?.(db);
  await createIndexes(db);
  await writeVersion(db, SCHEMA_VERSION);
}

/** Those of all models that the stores have defined on the connection. */
async function createIndexes(db: Connection): Promise<void> {
  await Promise.all(Object.values(db.models).map(createIndexesOf));
}

async function createIndexesOf(model: Model<unknown>): Promise<void> {
  const indexes = model.schema.indexes().map(([key, { background: _, ...options }]) => ({ key, ...options }));
  if (indexes.length > 0) await model.collection.createIndexes(indexes as never);
}
