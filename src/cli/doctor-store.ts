import type { StorageDescription } from '../storage/storage.ts';
import { type Check, fault, warning, well } from './checks.ts';
import type { CliContext } from './context.ts';

/** Leases and sessions are compared with the clock of whoever asks: from here on it shows. In milliseconds. */
const CLOCKS_DIFFER = 2_000;

/** What can be said of the database: that it reads and writes, and what its engine tells of itself. */
export async function checkStore({ storage, config }: CliContext): Promise<Check[]> {
  const { database } = config;
  const place = database.engine === 'sqlite' ? database.path : database.place;
  try {
    await storage.check();
    return findings(await storage.describe(), place);
  } catch (error) {
    return [fault('store', `${place} does not answer: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

/** What an engine told, as lines of the report. */
export function findings(description: StorageDescription, place: string): Check[] {
  const { engine, schema } = description;
  const name = engine === 'sqlite' ? 'SQLite' : `MongoDB ${description.version}`;
  const store = well('store', `${name}, ${place}: it reads and writes, and its schema (${schema}) is up to date`);
  if (engine === 'mongo') return [store, checkTopology(description), checkClock(description)];
  return [
    store,
    well('server', description.served ? 'a server runs on this database' : 'no server runs on this database'),
  ];
}

type MongoDescription = Extract<StorageDescription, { engine: 'mongo' }>;

function checkTopology({ topology }: MongoDescription): Check {
  switch (topology) {
    case 'single':
      return warning(
        'copies',
        'the database is one server without a replica set; nothing survives the loss of its disk',
      );
    case 'replica-set':
      return well('copies', 'the database is a replica set');
    case 'sharded':
      return well('copies', 'the database is a sharded cluster');
  }
}

function checkClock({ clockAheadMs }: MongoDescription): Check {
  if (clockAheadMs === null)
    return warning('clock', 'the database does not tell its time, so clocks were not compared');
  const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
  if (Math.abs(clockAheadMs) <= CLOCKS_DIFFER) return well('clock', 'the clocks here and at the database agree');
  const side = clockAheadMs > 0 ? 'behind' : 'ahead of';
  return warning('clock', `the clock here is ${seconds} s ${side} that of the database; keep both by NTP`);
}
