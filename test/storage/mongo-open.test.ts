import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectDatabase } from '../../src/storage/mongo/database.ts';
import { SCHEMA_VERSION } from '../../src/storage/mongo/meta.ts';
import { openMongo } from '../../src/storage/mongo/open.ts';
import { makePlatform, NOW, openChannel } from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo, withOptions } from './support/mongo-storage.ts';

const run = promisify(execFile);

let url = '';
let db: Connection;

beforeEach(async () => {
  url = mongoUrl();
  db = await connectTo(url);
});
afterEach(async () => {
  await db.close();
  await dropDatabase(url);
});

/** Everything in the database: documents and indexes of all collections. */
async function contents(): Promise<Record<string, unknown>> {
  const names = (await db.listCollections()).map(({ name }) => name).toSorted();
  const parts = names.map(async (name) => {
    const collection = db.collection(name);
    const documents = await collection.find().sort({ _id: 1 }).toArray();
    return [name, { documents, indexes: await collection.indexes() }];
  });
  return Object.fromEntries(await Promise.all(parts));
}

async function indexesOf(collection: string): Promise<string[]> {
  return (await db.collection(collection).indexes()).map(({ name }) => String(name)).toSorted();
}

/** Some of a database of ours. */
async function fill(): Promise<void> {
  const storage = await mustOpenMongo(url);
  await openChannel(storage);
  await storage.platforms.addPlatform(makePlatform('p1'));
  await storage.close();
}

/** A port of this machine where nobody listens. */
function closedPort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

describe('opening a MongoDB database', () => {
  const mark = () => db.collection('meta').findOne({ _id: 'schema' as never });

  it('marks an empty one as its own, with the version of the schema and all indexes', async () => {
    await (await mustOpenMongo(url)).close();
    expect(await mark()).toEqual({ _id: 'schema', product: 'rostrum', version: SCHEMA_VERSION });
    expect(await indexesOf('platforms')).toEqual(['_id_', 'by_key', 'registration']);
    expect(await indexesOf('activity')).toEqual(['_id_', 'of_batch', 'of_channel', 'of_person', 'of_settings']);
    for (const name of ['logins', 'sessions', 'rate_limits', 'registration_invites']) {
      expect(await indexesOf(name)).toContain('expiry');
    }
  });

  it('keeps everything when it is closed and opened again', async () => {
    await fill();
    const before = await contents();
    const storage = await mustOpenMongo(url);
    expect(await storage.platforms.listPlatforms()).toEqual([makePlatform('p1')]);
    await storage.close();
    expect(await contents()).toEqual(before);
  });

  it('is done by five processes at once, and each of them can work', async () => {
    const module = resolve(import.meta.dirname, '../../dist/storage/mongo/open.js');
    const program = `
      const { openMongo } = await import(${JSON.stringify(module)});
      const opened = await openMongo({ url: process.argv[1] });
      if (!opened.ok) throw new Error(opened.reason);
      console.log(await opened.value.leases.acquireLease('one', String(process.pid), 1, 2));
      await opened.value.close();`;
    const script = ['--input-type=module', '--eval', program, url];
    const outputs = await Promise.all(Array.from({ length: 5 }, () => run(process.execPath, script)));
    expect(outputs.map(({ stdout }) => stdout.trim()).toSorted()).toEqual(['false', 'false', 'false', 'false', 'true']);
    expect(await mark()).toMatchObject({ version: SCHEMA_VERSION });
    expect(await indexesOf('platforms')).toContain('registration');
  });

  it('goes on where another process died while making it', async () => {
    const soon = Date.now() + 300;
    await db.collection('meta').insertOne({ _id: 'schema' as never, product: 'rostrum' });
    await db.collection('leases').insertOne({ _id: 'schema' as never, holder: 'the dead one', until: soon });
    await (await mustOpenMongo(url)).close();
    expect(Date.now()).toBeGreaterThanOrEqual(soon);
    expect(await mark()).toMatchObject({ version: SCHEMA_VERSION });
    expect(await indexesOf('sessions')).toContain('expiry');
  });

  it('begins where another process has made nothing but the collection', async () => {
    await db.createCollection('meta');
    await (await mustOpenMongo(url)).close();
    expect(await mark()).toMatchObject({ version: SCHEMA_VERSION });
  });

  it('makes an index again that got lost', async () => {
    await fill();
    await db.collection('platforms').dropIndex('registration');
    await (await mustOpenMongo(url)).close();
    expect(await indexesOf('platforms')).toContain('registration');
  });

  it.each([
    ['a newer version wrote', SCHEMA_VERSION + 1, 'newer-schema'],
    ['a version too old wrote', 0, 'old-schema'],
  ])('leaves one that %s as it was', async (_, version, reason) => {
    await fill();
    await db.collection('meta').updateOne({ _id: 'schema' as never }, { $set: { version } });
    await db.collection('platforms').dropIndex('by_key');
    const before = await contents();
    expect(await openMongo({ url })).toEqual({ ok: false, reason });
    expect(await contents()).toEqual(before);
  });

  it.each([
    ['recipes', { name: 'Bread' }],
    ['meta', { name: 'Somebody else’s' }],
    ['meta', { _id: 'schema', product: 'another', version: SCHEMA_VERSION }],
  ])('leaves another program’s, with a collection %s, as it was', async (collection, document) => {
    await db.collection(collection).insertOne({ ...document } as never);
    const before = await contents();
    expect(await openMongo({ url })).toEqual({ ok: false, reason: 'not-a-database' });
    expect(await contents()).toEqual(before);
  });

  it('says so when nobody is there, and shows no password', async () => {
    const port = await closedPort();
    const opened = await openMongo({ url: `mongodb://ada:s3cret@127.0.0.1:${port}/x`, serverSelectionMs: 200 });
    expect(opened).toMatchObject({ ok: false, reason: 'unreachable', detail: expect.stringContaining(`${port}`) });
    expect(JSON.stringify(opened)).not.toContain('s3cret');
  });

  it('says so when there is no such host', async () => {
    const opened = await openMongo({ url: 'mongodb://nowhere.invalid/x', serverSelectionMs: 200 });
    expect(opened).toMatchObject({ ok: false, reason: 'unreachable' });
    const byRecord = await openMongo({ url: 'mongodb+srv://ada:s3cret@db.nowhere.invalid/x', serverSelectionMs: 200 });
    expect(byRecord).toMatchObject({ ok: false, reason: 'unreachable' });
    expect(JSON.stringify(byRecord)).not.toContain('s3cret');
  });

  it('says so when the server does not let the user in, and shows no password', async () => {
    const address = new URL(url);
    address.username = 'nobody-of-that-name';
    address.password = 's3cret';
    const opened = await openMongo({ url: address.href });
    expect(opened).toMatchObject({ ok: false, reason: 'not-authorised' });
    expect(JSON.stringify(opened)).not.toContain('s3cret');
    expect(await contents()).toEqual({});
  });

  it('says so when a file that the address names cannot be read', async () => {
    const opened = await openMongo({ url: withOptions(url, { tls: 'true', tlsCAFile: '/nowhere/ca.pem' }) });
    expect(opened).toMatchObject({
      ok: false,
      reason: 'bad-address',
      detail: expect.stringContaining('/nowhere/ca.pem'),
    });
  });

  it('throws for an address that the driver cannot read', async () => {
    await expect(openMongo({ url: 'mongodb://' })).rejects.toThrow();
    await expect(openMongo({ url: 'mongodb://127.0.0.1/x?nonsense=1' })).rejects.toThrow();
  });

  it('uses the database that the address names, or that of the product', async () => {
    const { pathname } = new URL(url);
    for (const [path, name] of [
      [pathname, pathname.slice(1)],
      ['', 'rostrum'],
      ['/', 'rostrum'],
      ['/?connectTimeoutMS=3000', 'rostrum'],
    ] as const) {
      const connected = await connectDatabase({ url: url.replace(/\/rostrum_test.*/, path) });
      if (!connected.ok) throw new Error(connected.reason);
      expect(connected.value.db?.databaseName).toBe(name);
      await connected.value.close();
    }
  });

  it('asks for what survives a fail-over, whatever the address says', async () => {
    const loose = withOptions(url, { w: '1', readPreference: 'secondary', maxPoolSize: '7' });
    const connected = await connectDatabase({ url: loose });
    if (!connected.ok) throw new Error(connected.reason);
    const { writeConcern, readPreference, maxPoolSize, retryWrites } = connected.value.getClient().options;
    expect(writeConcern).toMatchObject({ w: 'majority', journal: true });
    expect([readPreference.mode, maxPoolSize, retryWrites]).toEqual(['primary', 7, true]);
    await connected.value.close();
  });

  it('fails its check when it is closed', async () => {
    const storage = await mustOpenMongo(url);
    await storage.check();
    await storage.check();
    expect(await db.collection('meta').findOne({ _id: 'check' as never })).toMatchObject({ checks: 2 });
    await storage.close();
    await storage.close();
    await expect(storage.check()).rejects.toThrow();
  });

  it('lets any number of processes serve', async () => {
    const [one, other] = [await mustOpenMongo(url), await mustOpenMongo(url)];
    expect([await one.claimServing(), await other.claimServing()]).toEqual([true, true]);
    await one.close();
    expect(await other.platforms.listPlatforms()).toEqual([]);
    await other.close();
  });

  it('removes expired documents a day late itself, where no worker does', async () => {
    const storage = await mustOpenMongo(url);
    await storage.sessions.createSession({ idHash: 's1', grants: [], createdAt: NOW, expiresAt: NOW + 1 });
    await storage.close();
    expect(await db.collection('sessions').findOne()).toMatchObject({ expireAt: new Date(NOW + 1) });
    const expiry = (await db.collection('sessions').indexes()).find(({ name }) => name === 'expiry');
    expect(expiry).toMatchObject({ key: { expireAt: 1 }, expireAfterSeconds: 86_400 });
  });
});
