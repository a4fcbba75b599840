import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SCHEMA_VERSION } from '../../src/storage/mongo/meta.ts';
import { connectTo } from '../storage/support/mongo-storage.ts';
import { makeTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { freePort } from '../support/tool.ts';

let database: TestDatabase;
let db: Connection;

beforeEach(async () => {
  database = makeTestDatabase();
  db = await connectTo(database.env.DATABASE_URL ?? '');
});
afterEach(async () => {
  await db.close();
  await database.drop();
});

/** Runs the tool until it ends by itself. */
async function run(env: Record<string, string> = {}): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn(process.execPath, [resolve('dist/main.js')], {
    env: {
      ...{
        PATH: process.env.PATH,
        SECRET_KEY: 'kM3vTq9ZbX2LrW8yNc5HsJ7pDf4GaEuR',
        PORT: `${await freePort()}`,
        SANDBOX: 'off',
      },
      ...{ DATA_DIR: `${database.dataDir}/data`, ...database.env, ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
  const [code] = await once(child, 'close');
  return { code, lines: said.trim().split('\n') };
}

/** Everything in the database: documents and indexes of all collections. */
async function contents(): Promise<unknown> {
  const names = (await db.listCollections()).map(({ name }) => name).toSorted();
  const parts = names.map(async (name) => {
    const collection = db.collection(name);
    return [name, await collection.find().sort({ _id: 1 }).toArray(), await collection.indexes()];
  });
  return Promise.all(parts);
}

const MARK = { _id: 'schema' as never };

describe('a process whose MongoDB', () => {
  it.each([
    ['a newer version wrote', SCHEMA_VERSION + 1, /was written by a newer version of Rostrum; start that version/],
    ['a version too old wrote', 0, /has the layout of an older version that this one cannot bring up to date/],
  ])('%s ends with one clear line and 1, and touches nothing', async (_what, version, text) => {
    await (await database.open()).close();
    await db.collection('meta').updateOne(MARK, { $set: { version } });
    await db.collection('platforms').dropIndex('by_key');
    const before = await contents();
    for (const ROLE of ['all', 'web', 'worker']) {
      const { code, lines } = await run({ ROLE });
      expect([code, lines]).toEqual([1, [expect.stringMatching(text)]]);
      expect(lines[0]).toMatch(/^Rostrum cannot start: MongoDB /);
    }
    expect(await contents()).toEqual(before);
    expect(readdirSync(database.dataDir)).toEqual([]);
  });

  it('is of another program ends with one clear line and 1, and touches nothing', async () => {
    await db.collection('recipes').insertOne({ name: 'Bread' });
    const before = await contents();
    const { code, lines } = await run();
    expect([code, lines]).toEqual([1, [expect.stringMatching(/holds something else than Rostrum; name another/)]]);
    expect(await contents()).toEqual(before);
  });

  it.each([
    ['has no such host', 'mongodb://nowhere.invalid/rostrum', /cannot be reached; check that it runs/],
    ['has an address with a slip', 'mongodb://127.0.0.1/rostrum?retryWrite=true', /unknown options: retrywrite/],
    ['has an address of something else', 'postgres://127.0.0.1/rostrum', /DATABASE_URL/],
  ])('%s ends with one clear line and 1', async (_what, url, text) => {
    const { code, lines } = await run({ DATABASE_URL: url });
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(text);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(readdirSync(database.dataDir)).toEqual([]);
  });
});
