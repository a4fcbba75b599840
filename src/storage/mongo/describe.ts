import mongoose, { type Connection, type mongo } from 'mongoose';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { StorageDescription } from '../storage.ts';

type MongoDescription = Extract<StorageDescription, { engine: 'mongo' }>;

/** What the server tells of itself, by commands that any user may run. `schema` is what stands in the database. */
export async function describeMongo(
  db: Connection,
  schema: number,
  clock: Clock = systemClock,
): Promise<MongoDescription> {
  const server = db.getClient().db(db.name);
  const { version } = await server.command({ buildInfo: 1 });
  // Second, so that the time of connecting is not taken for a difference of clocks.
  const { hello, midway } = await greet(server, clock);
  const { localTime } = hello;
  return {
    engine: 'mongo',
    schema,
    version: String(version),
    topology: topologyOf(hello),
    clockAheadMs: localTime instanceof Date ? Math.round(localTime.getTime() - midway) : null,
  };
}

type Greeting = { hello: mongo.Document; midway: number };

// Databases that speak MongoDB's protocol may know the older name of the command alone.
async function greet(server: mongo.Db, clock: Clock): Promise<Greeting> {
  try {
    return await timed(server, { hello: 1 }, clock);
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoServerError) || error.code !== COMMAND_NOT_FOUND) throw error;
    return timed(server, { isMaster: 1 }, clock);
  }
}

const COMMAND_NOT_FOUND = 59;

async function timed(server: mongo.Db, command: mongo.Document, clock: Clock): Promise<Greeting> {
  const before = clock();
  const hello = await server.command(command);
  return { hello, midway: (before + clock()) / 2 };
}

/** `setName` is a member's of a replica set, `isdbgrid` a router's of a sharded cluster (MongoDB manual, `hello`). */
function topologyOf({ setName, msg }: mongo.Document): MongoDescription['topology'] {
  if (msg === 'isdbgrid') return 'sharded';
  return typeof setName === 'string' ? 'replica-set' : 'single';
}
