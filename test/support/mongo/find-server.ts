import { lookup } from 'node:dns/promises';
import { startJavaServer } from './java-server.ts';

export type TestMongo = { uri: string; from: string; stop: () => Promise<void> };

/**
 * A MongoDB for tests: the one of `MONGODB_URI`; else one that mongodb-memory-server can fetch; else one from Maven
 * Central. Throws with the reason of each when there is none.
 */
export async function findMongo(): Promise<TestMongo> {
  const given = process.env.MONGODB_URI;
  if (given) return { uri: given, from: 'MONGODB_URI', stop: async () => {} };
  const failures: string[] = [];
  for (const { from, start } of WAYS) {
    try {
      return { from, ...(await start()) };
    } catch (error) {
      failures.push(`  ${from}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  throw new Error(`There is no MongoDB for the tests; set MONGODB_URI to one.\n${failures.join('\n')}`);
}

const WAYS = [
  { from: 'mongodb-memory-server', start: startMemoryServer },
  { from: 'mongo-java-server', start: startJavaServer },
];

async function startMemoryServer() {
  // The download is tried three times before it fails; without its host there is nothing to wait for.
  const kept = process.env.MONGOMS_SYSTEM_BINARY ?? process.env.MONGOMS_DOWNLOAD_MIRROR;
  if (kept === undefined) await lookup('fastdl.mongodb.org');
  const { MongoMemoryServer } = await import('mongodb-memory-server-core');
  const server = await MongoMemoryServer.create();
  return { uri: server.getUri(), stop: async () => void (await server.stop()) };
}
