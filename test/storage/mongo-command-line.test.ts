import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import { describeMongo } from '../../src/storage/mongo/describe.ts';
import { SCHEMA_VERSION } from '../../src/storage/mongo/meta.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { makeTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { freePort } from '../support/tool.ts';

let database: TestDatabase;
let env: Record<string, string>;

beforeEach(() => {
  database = makeTestDatabase();
  const SECRET_KEY = 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR';
  env = { DATA_DIR: database.dataDir, PUBLIC_URL: 'http://localhost:1', SECRET_KEY, ...database.env };
});
afterEach(() => database.drop());

describe('the command line on MongoDB', () => {
  it('works beside servers, as many as there are', async () => {
    const servers = [await database.open(), await database.open()];
    expect(await Promise.all(servers.map((server) => server.claimServing()))).toEqual([true, true]);
    expect(await json(['api-key', 'create', '--name', 'sis'])).toMatchObject({ code: 0, document: { name: 'sis' } });
    expect((await json(['api-key', 'list'])).document.items).toMatchObject([{ name: 'sis' }]);
    for (const server of servers) await server.close();
  });

  it('is told by doctor what the database is', async () => {
    const { code, document } = await json(['doctor']);
    expect(code).toBe(0);
    const found = new Map(document.checks.map((check: { name: string }) => [check.name, check]));
    const place = (database.env.DATABASE_URL ?? '').replace('mongodb://', '');
    expect(found.get('store')).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(
        new RegExp(`^MongoDB \\d+\\.\\d+\\.\\d+.*, ${place}: it reads and writes, .* \\(${SCHEMA_VERSION}\\)`),
      ),
    });
    expect(found.get('copies')).toMatchObject({ message: expect.stringMatching(/^the database is /) });
    expect(found.get('clock')).toMatchObject({ message: expect.stringContaining('agree') });
    expect(found.has('server')).toBe(false);
  });

  it.each([
    ['newer-schema', { _id: 'schema', product: 'rostrum', version: 9_999 }, 'start that version'],
    ['not-a-database', { _id: 'else' }, 'name another database in DATABASE_URL'],
  ])('names a database as the fault that it is: %s', async (code, mark, text) => {
    await withConnection(async (db) => void (await db.collection<{ _id: string }>('meta').insertOne(mark)));
    const listed = await json(['platform', 'list']);
    expect(listed).toMatchObject({ code: 1, document: { error: { code, message: expect.stringContaining(text) } } });
    const { document } = await json(['doctor']);
    expect(document.checks).toContainEqual(expect.objectContaining({ name: 'store', status: 'fault' }));
  });
});

describe('a server whose MongoDB goes away during the start', () => {
  it('says so in one line and ends with 1', async () => {
    // With its collections, so that the next start only looks at them.
    await (await database.open()).close();
    const url = new URL(database.env.DATABASE_URL ?? '');
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 27_017) });
    url.host = `127.0.0.1:${proxy.port}`;
    url.searchParams.set('directConnection', 'true');
    // What held leases is looked at when work begins; a command names its collection behind itself.
    proxy.cutAt(/find.{1,8}leases/s);
    const settings = {
      ...env,
      DATABASE_URL: url.href,
      PORT: `${await freePort()}`,
      SANDBOX: 'off',
      LOG_LEVEL: 'fatal',
    };
    const child = spawn(process.execPath, ['dist/main.js'], { env: { PATH: process.env.PATH, ...settings } });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
    const [code] = await once(child, 'close');
    await proxy.close();
    const line = `^Rostrum cannot start: MongoDB ${url.host}${url.pathname} failed during the start \\(\\w+\\); check that it runs`;
    expect(said.trim().split('\n')).toEqual([expect.stringMatching(line)]);
    expect(code).toBe(1);
  });
});

describe('what a MongoDB tells of itself', () => {
  it('has the difference between its clock and this one', async () => {
    await withConnection(async (db) => {
      const slow = () => Date.now() - 60_000;
      const told = await describeMongo(db, 3, slow);
      expect(told).toMatchObject({ engine: 'mongo', schema: 3, version: expect.stringMatching(/^\d+\.\d+/) });
      expect(Math.round((told.clockAheadMs ?? 0) / 30_000)).toBe(2);
    });
  });
});

async function withConnection(use: (db: ReturnType<typeof createConnection>) => Promise<void>): Promise<void> {
  const db = await createConnection(database.env.DATABASE_URL ?? '').asPromise();
  await use(db).finally(() => db.close());
}

async function json(argv: string[]) {
  const out: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void out.push(line) };
  const code = await runCli([...argv, '--json'], io, env);
  return { code, document: JSON.parse(out.join('\n')) };
}
