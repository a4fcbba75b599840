import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import { type Child, startChild } from './child.ts';
import { findMongoServer } from './mongo-server.ts';

/** The database engine that is measured. */
export type Engine = {
  name: EngineName;
  /** Which server, for the heading. */
  about: string;
  /** What a reader must know of the numbers. */
  note: string | null;
  /** A database that nobody has used. */
  freshDatabase(): Database;
  stop(): Promise<void>;
};

export type EngineName = (typeof ENGINES)[number];
export const ENGINES = ['sqlite', 'mongo'] as const;

/** `env` makes a tool use it. With SQLite every tool has a file of its own, in a folder of its own. */
export type Database = { env: { DATABASE_URL: string }; drop(): Promise<void> };

export async function openEngine(name: EngineName): Promise<Engine> {
  return name === 'sqlite' ? SQLITE : openMongo();
}

/** The product in a process of its own, on a database of its own that goes when it stops. */
export function startTool(engine: Engine): Child {
  const database = engine.freshDatabase();
  const child = startChild('rostrum', database.env);
  return {
    ask: child.ask,
    async stop() {
      await child.stop();
      await database.drop();
    },
  };
}

const SQLITE: Engine = {
  name: 'sqlite',
  about: 'SQLite',
  note: null,
  freshDatabase: () => ({ env: { DATABASE_URL: '' }, drop: async () => {} }),
  stop: async () => {},
};

async function openMongo(): Promise<Engine> {
  const server = await findMongoServer();
  const db = await mongoose.createConnection(server.uri).asPromise();
  const { version } = (await db.db?.admin().command({ buildInfo: 1 })) ?? {};
  return {
    name: 'mongo',
    about: `MongoDB ${version} (${server.from})`,
    note: server.from === 'mongo-java-server' ? STAND_IN : null,
    freshDatabase() {
      const name = `rostrum_bench_${randomBytes(8).toString('hex')}`;
      const drop = async () => void (await db.getClient().db(name).dropDatabase());
      return { env: { DATABASE_URL: withName(server.uri, name) }, drop };
    },
    async stop() {
      await db.close();
      await server.stop();
    },
  };
}

const STAND_IN =
  'The server is mongo-java-server, which speaks the protocol of MongoDB, keeps everything in the memory of a Java process and shares the ' +
  'cores with the rest: CPU of the tool means something here, waiting and rates are no measure of MongoDB.';

/** The address with another database in it, which may name several hosts. */
function withName(uri: string, name: string): string {
  const [, servers = '', query = ''] = /^([a-z+]+:\/\/[^/?]+)[^?]*(\?.*)?$/i.exec(uri) ?? [];
  return `${servers}/${name}${query}`;
}
