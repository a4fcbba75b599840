import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../src/storage/sqlite/migrate.ts';
import { MIGRATIONS } from '../../src/storage/sqlite/migrations/index.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import { isServed } from '../../src/storage/sqlite/serving-lock.ts';
import { makePlatform } from './support/builders.ts';
import { makeFolder, mustOpen } from './support/temp-folder.ts';

let folder = '';
let path = '';
let remove = () => {};
let children: ChildProcess[] = [];

beforeEach(() => {
  ({ folder, remove } = makeFolder());
  path = join(folder, 'rostrum.sqlite');
  children = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  remove();
});

describe('the one process that serves a SQLite database', () => {
  it('keeps others out until it ends, and nobody waits for one that was killed', async () => {
    const first = await startServing();
    expect(first.said).toBe('true');
    expect((await startServing()).said).toBe('false');
    expect(isServed(path)).toBe(true);
    await kill(first.child);
    expect(isServed(path)).toBe(false);
    expect((await startServing()).said).toBe('true');
  });

  it('is in nobody’s way who does not serve', async () => {
    await startServing();
    const beside = mustOpen(path);
    await beside.platforms.addPlatform(makePlatform('p1'));
    expect(await beside.platforms.listPlatforms()).toHaveLength(1);
    expect(await beside.describe()).toEqual({ engine: 'sqlite', schema: SCHEMA_VERSION, served: true });
    await beside.close();
  });

  it('may ask again, and lets the next one in when it closes', async () => {
    const [first, second] = [mustOpen(path), mustOpen(path)];
    expect([await first.claimServing(), await first.claimServing()]).toEqual([true, true]);
    expect(await second.claimServing()).toBe(false);
    expect([await first.describe(), await second.describe()]).toMatchObject([{ served: true }, { served: true }]);
    await first.close();
    expect(await second.describe()).toMatchObject({ served: false });
    expect(await second.claimServing()).toBe(true);
    await second.close();
  });

  it('keeps its place whatever the same process opens and closes beside it', async () => {
    const serving = mustOpen(path);
    await serving.claimServing();
    const other = mustOpen(path);
    expect(await other.claimServing()).toBe(false);
    await other.close();
    expect(isServed(path)).toBe(true);
    expect((await startServing()).said).toBe('false');
    await serving.close();
  });

  it('is known by every name of the file', async () => {
    const serving = mustOpen(path);
    await serving.claimServing();
    const alias = join(folder, 'alias.sqlite');
    symlinkSync(path, alias);
    const second = mustOpen(alias);
    expect(await second.claimServing()).toBe(false);
    await Promise.all([serving.close(), second.close()]);
  });

  it('leaves an empty file behind, which its owner alone can lock', async () => {
    const serving = mustOpen(path);
    await serving.claimServing();
    await serving.close();
    expect(readdirSync(folder).sort()).toEqual(['rostrum.sqlite', 'rostrum.sqlite.serving']);
    const { size, mode } = statSync(`${path}.serving`);
    expect([size, mode & 0o777]).toEqual([0, 0o600]);
  });

  it('takes a lock that cannot be had for an outage, not for another process', async () => {
    const storage = mustOpen(path);
    writeFileSync(`${path}.serving`, 'something else '.repeat(100));
    const error = await storage.claimServing().catch((thrown: unknown) => thrown);
    expect(storage.isOutage(error)).toBe(true);
    await storage.close();
  });
});

describe('a database of an older version', () => {
  it('is left as it is while a server runs on it, and brought up to date afterwards', async () => {
    makeOlder();
    const older = await startLocking();
    expect(openSqlite({ path })).toEqual({ ok: false, reason: 'old-schema' });
    expect(versionOf()).toBe(SCHEMA_VERSION - 1);
    await kill(older.child);
    await mustOpen(path).close();
    expect(versionOf()).toBe(SCHEMA_VERSION);
  });
});

function makeOlder(): void {
  const db = new BetterSqlite3(path);
  for (const migration of MIGRATIONS.slice(0, -1)) db.exec(migration);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${SCHEMA_VERSION - 1}`);
  db.close();
}

function versionOf(): unknown {
  const db = new BetterSqlite3(path);
  try {
    return db.pragma('user_version', { simple: true });
  } finally {
    db.close();
  }
}

const built = (name: string) => JSON.stringify(resolve('dist/storage/sqlite', name));

/** A process that opens the database and says whether it may serve; it stays. */
function startServing() {
  return startScript(`
    const { openSqlite } = await import(${built('open.js')});
    const opened = openSqlite({ path: process.argv[1] });
    process.stdout.write(String(await opened.value.claimServing()));
    setInterval(() => opened, 1000);`);
}

/** A process that holds the lock of a database that it does not open: a server of another version. */
function startLocking() {
  return startScript(`
    const { createServingLock } = await import(${built('serving-lock.js')});
    const lock = createServingLock(process.argv[1]);
    process.stdout.write(String(lock.claim()));
    setInterval(() => lock, 1000);`);
}

async function startScript(script: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
