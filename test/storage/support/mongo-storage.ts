import { randomBytes } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { openMongo } from '../../../src/storage/mongo/open.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import type { OpenStorage } from './builders.ts';

/** The server of this run, for `name` or a database that nobody else has; see test/support/mongo/global-setup.ts. */
export function mongoUrl(name = newDatabaseName()): string {
  const server = process.env.TEST_MONGODB_URI;
  if (server === undefined) throw new Error('These tests need a MongoDB: run them by npm run test:mongo');
  // With several hosts it is no URL to Node.
  const [, hosts = '', known = '', query = ''] = /^([^:]+:\/\/[^/?]+)\/?([^?]*)\??(.*)$/.exec(server) ?? [];
  const options = new URLSearchParams(query);
  // The user is one of the database that the address names, not of the new one.
  if (hosts.includes('@') && !options.has('authSource')) options.set('authSource', known || 'admin');
  return withOptions(`${hosts}/${name}`, Object.fromEntries(options));
}

/** An address with options besides those it has. */
export function withOptions(url: string, options: Record<string, string>): string {
  const added = new URLSearchParams(options).toString();
  if (added === '') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${added}`;
}

function newDatabaseName(): string {
  return `rostrum_test_${randomBytes(8).toString('hex')}`;
}

/** Opens a database that must open. */
export async function mustOpenMongo(url: string): Promise<Storage> {
  const opened = await openMongo({ url });
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.detail ?? ''}`);
  return opened.value;
}

/** A connection beside the storage, for looking into its database and for breaking it. */
export function connectTo(url: string): Promise<Connection> {
  return mongoose.createConnection(url, { autoCreate: false, autoIndex: false }).asPromise();
}

export async function dropDatabase(url: string): Promise<void> {
  const db = await connectTo(url);
  await db.dropDatabase();
  await db.close();
}

/** A storage of its own, on a database that is dropped when it is closed. */
export const openTestMongo: OpenStorage = async () => {
  const url = mongoUrl();
  const storage = await mustOpenMongo(url);
  const close = async () => {
    await storage.close();
    await dropDatabase(url);
  };
  return { storage, close };
};
