import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, SyncId, UserId } from '../../src/channels/channel.ts';
import { backupSqlite, restoreSqlite } from '../../src/storage/sqlite/backup.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../src/storage/sqlite/migrate.ts';
import { MIGRATIONS } from '../../src/storage/sqlite/migrations/index.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import {
  enterRoster,
  makeAddition,
  makeEntry,
  makePlatform,
  makeRun,
  NOW,
  openChannel,
  PLATFORM,
} from './support/builders.ts';
import { makeFolder, mustOpen } from './support/temp-folder.ts';

let folder = '';
let path = '';
let remove = () => {};

beforeEach(() => {
  ({ folder, remove } = makeFolder());
  path = join(folder, 'rostrum.sqlite');
});
afterEach(() => remove());

/** Some of everything; what `readBack` finds again. */
async function fill(file = path): Promise<void> {
  const storage = mustOpen(file);
  const channel = await openChannel(storage);
  await enterRoster(storage, channel, [makeEntry('ana'), makeEntry('ben', { level: 'manager' })]);
  await storage.syncs.requestSync(makeRun('sync-1'));
  await storage.platforms.addPlatform(makePlatform('p1'));
  await storage.sessions.createSession({ idHash: 's1', grants: [], createdAt: NOW, expiresAt: NOW + 1 });
  await storage.close();
}

async function readBack(file = path) {
  const storage = mustOpen(file);
  const channelId = 'channel-1' as ChannelId;
  const found = {
    channel: await storage.channels.findChannel(channelId),
    context: await storage.channels.findContext(PLATFORM, '1'),
    members: (await storage.memberships.listMembers(channelId, {}, { limit: 10 })).items,
    run: await storage.syncs.findSync('sync-1' as SyncId),
    platforms: await storage.platforms.listPlatforms(),
    session: await storage.sessions.findSession('s1', NOW),
  };
  await storage.close();
  return found;
}

function edit(file: string, sql: string): void {
  const db = new BetterSqlite3(file);
  db.exec(sql);
  db.close();
}

describe('the diffs of syncs that ended long ago', () => {
  it('are removed, and their runs then stand in no way of the next removal', async () => {
    const storage = mustOpen(path);
    const channel = await openChannel(storage);
    const old = NOW + 91 * 86_400_000;
    for (const [id, state] of [
      ['applied', 'applied'],
      ['held', 'held'],
      ['empty', 'applied'],
    ] as const) {
      const { run } = await storage.syncs.requestSync(makeRun(id, { channelId: channel.id }));
      if (id !== 'empty')
        await storage.syncs.saveSyncChanges({ id: run.id, attempt: 0 }, 0, [makeAddition(makeEntry('ana'))]);
      await storage.syncs.saveSync({ ...run, state, finishedAt: NOW });
    }
    const marked = () => read('SELECT id FROM sync_runs WHERE has_diff = 1 ORDER BY id');
    expect(marked()).toEqual(['applied', 'held']);
    while (await storage.removeExpired(old, 10));
    expect(marked()).toEqual(['held']);
    const diff = (id: string) => storage.syncs.syncChanges(id as SyncId, { from: 0, limit: 5 });
    expect([(await diff('applied')).length, (await diff('held')).length]).toEqual([0, 1]);
    expect(await storage.syncs.findSync('applied' as SyncId)).toMatchObject({ state: 'applied' });
    await storage.close();
  });
});

function read(sql: string): unknown[] {
  const db = new BetterSqlite3(path, { readonly: true });
  const values = db.prepare(sql).pluck().all();
  db.close();
  return values;
}

describe('opening a SQLite database', () => {
  it('makes the folder and the file, readable by its owner alone', async () => {
    const storage = mustOpen(join(folder, 'deep', 'data', 'rostrum.sqlite'));
    expect(storage.path).toBe(join(folder, 'deep', 'data', 'rostrum.sqlite'));
    await openChannel(storage);
    for (const name of readdirSync(join(folder, 'deep', 'data'))) {
      expect(statSync(join(folder, 'deep', 'data', name)).mode & 0o077).toBe(0);
    }
    await storage.close();
  });

  it('marks the file as its own and notes the schema version', async () => {
    await mustOpen(path).close();
    const db = new BetterSqlite3(path, { readonly: true });
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
  });

  it('keeps everything when it is closed and opened again', async () => {
    await fill();
    const first = await readBack();
    expect(first.members.map(({ subject }) => subject)).toEqual(['ana', 'ben']);
    expect(first.platforms).toEqual([makePlatform('p1')]);
    expect(await readBack()).toEqual(first);
  });

  it('brings a database of every older version up to date', () => {
    for (let version = 0; version < SCHEMA_VERSION; version++) {
      const file = join(folder, `version-${version}.sqlite`);
      const marks = version === 0 ? '' : `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version};`;
      edit(file, MIGRATIONS.slice(0, version).join('\n') + marks);
      void mustOpen(file).close();
      expect(schemaOf(file)).toEqual(schemaOf(path, mustOpen));
    }
  });

  it('leaves a database that a newer version wrote as it was', async () => {
    await fill();
    edit(path, `PRAGMA journal_mode = DELETE; PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    const before = readFileSync(path);
    expect(openSqlite({ path })).toMatchObject({ ok: false, reason: 'newer-schema' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('leaves a file that is no database, or another program’s, as it was', () => {
    writeFileSync(path, 'Dear diary, '.repeat(200));
    expect(openSqlite({ path })).toMatchObject({ ok: false, reason: 'not-a-database' });
    expect(readFileSync(path, 'utf8')).toBe('Dear diary, '.repeat(200));

    const foreign = join(folder, 'foreign.sqlite');
    edit(foreign, 'CREATE TABLE recipes (name TEXT)');
    const before = readFileSync(foreign);
    expect(openSqlite({ path: foreign })).toMatchObject({ ok: false, reason: 'not-a-database' });
    expect(readFileSync(foreign).equals(before)).toBe(true);
  });

  it('says so when the place cannot be written to', () => {
    mkdirSync(path);
    expect(openSqlite({ path })).toMatchObject({ ok: false, reason: 'not-writable' });
    const underFile = join(folder, 'file');
    writeFileSync(underFile, '');
    expect(openSqlite({ path: join(underFile, 'rostrum.sqlite') })).toMatchObject({
      ok: false,
      reason: 'not-writable',
    });
  });

  it('fails its check when it is closed', async () => {
    const storage = mustOpen(path);
    await storage.check();
    await storage.close();
    await storage.close();
    await expect(storage.check()).rejects.toThrow();
  });

  it('tells a full disk from a bug', async () => {
    const storage = mustOpen(path);
    const db = new BetterSqlite3(path);
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
    const write = (sql: string) => {
      try {
        db.exec(sql);
      } catch (error) {
        return [(error as { code: string }).code, storage.isOutage(error)];
      }
      return null;
    };
    expect(write('CREATE TABLE big AS SELECT zeroblob(1000000) AS content')).toEqual(['SQLITE_FULL', true]);
    expect(write('INSERT INTO sync_runs (id) VALUES (1)')).toEqual(['SQLITE_CONSTRAINT_NOTNULL', false]);
    expect(storage.isOutage(new TypeError('x is undefined'))).toBe(false);
    db.close();
    await storage.close();
  });

  it('refuses a membership of nobody', async () => {
    const storage = mustOpen(path);
    const channel = await openChannel(storage);
    await enterRoster(storage, channel, [makeEntry('ana')]);
    const [ana] = (await storage.memberships.listMembers(channel.id, {}, { limit: 1 })).items;
    const key = { channelId: channel.id, userId: 'nobody' as UserId, at: NOW };
    await expect(storage.memberships.changeMembership(key, () => ({ ...ana!, subject: 'other' }))).rejects.toThrow();
    await storage.close();
  });
});

describe('backing up and restoring', () => {
  const backup = () => join(folder, 'backup.sqlite');

  it('brings everything back, and keeps what was replaced', async () => {
    await fill();
    const before = await readBack();
    expect(await backupSqlite(path, backup())).toEqual({ ok: true, value: { bytes: statSync(backup()).size } });

    const storage = mustOpen(path);
    await openChannel(storage, 'later');
    await storage.close();
    const restored = await restoreSqlite(backup(), path, NOW);
    const replaced = `${path}.before-restore-${new Date(NOW).toISOString().replaceAll(/[:.]/g, '-')}`;
    expect(restored).toEqual({ ok: true, value: { bytes: statSync(backup()).size, replaced } });
    expect(await readBack()).toEqual(before);

    const kept = mustOpen(replaced);
    expect(await kept.channels.findChannel('channel-later' as ChannelId)).not.toBeNull();
    await kept.close();
  });

  it('copies a database that is open, and what is only in its log yet', async () => {
    const storage = mustOpen(path);
    await openChannel(storage);
    expect(await backupSqlite(path, backup())).toMatchObject({ ok: true });
    await storage.close();
    expect((await readBack(backup())).channel).not.toBeNull();
  });

  it('makes one complete file, readable by its owner alone, and leaves nothing else behind', async () => {
    await fill();
    await backupSqlite(path, backup());
    expect(readdirSync(folder).toSorted()).toEqual(['backup.sqlite', 'rostrum.sqlite']);
    expect(statSync(backup()).mode & 0o077).toBe(0);
    await restoreSqlite(backup(), path, NOW);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('restores to where no database is', async () => {
    await fill();
    await backupSqlite(path, backup());
    const elsewhere = join(folder, 'elsewhere.sqlite');
    expect(await restoreSqlite(backup(), elsewhere)).toMatchObject({ ok: true, value: { replaced: null } });
    expect(await readBack(elsewhere)).toEqual(await readBack());
  });

  it('restores over a database that is beyond reading', async () => {
    await fill();
    const before = await readBack();
    await backupSqlite(path, backup());
    writeFileSync(path, 'broken'.repeat(1000));
    const restored = await restoreSqlite(backup(), path);
    expect(restored).toMatchObject({ ok: true });
    expect(await readBack()).toEqual(before);
  });

  it('never replaces a file with a backup', async () => {
    await fill();
    writeFileSync(backup(), 'precious');
    expect(await backupSqlite(path, backup())).toEqual({ ok: false, reason: 'target-exists' });
    expect(readFileSync(backup(), 'utf8')).toBe('precious');
  });

  it('says what is wrong with the source of a backup, or its target', async () => {
    expect(await backupSqlite(path, backup())).toEqual({ ok: false, reason: 'no-database' });
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, 'Dear diary, '.repeat(200));
    expect(await backupSqlite(path, backup())).toMatchObject({ ok: false, reason: 'not-a-database' });
    const good = join(folder, 'good.sqlite');
    await fill(good);
    expect(await backupSqlite(good, join(folder, 'no', 'such', 'folder'))).toMatchObject({ reason: 'not-writable' });
  });

  it('refuses while the database is open somewhere, and changes nothing', async () => {
    await fill();
    await backupSqlite(path, backup());
    const storage = mustOpen(path);
    await openChannel(storage, 'later');
    expect(await restoreSqlite(backup(), path)).toMatchObject({ ok: false, reason: 'in-use' });
    expect(await storage.channels.findChannel('channel-later' as ChannelId)).not.toBeNull();
    await openChannel(storage, 'still-writable');
    await storage.close();
    expect(readdirSync(folder).toSorted()).toEqual(['backup.sqlite', 'rostrum.sqlite']);
  });

  it('refuses what is no backup of ours, is damaged, or comes from a newer version', async () => {
    await fill();
    const before = await readBack();
    expect(await restoreSqlite(backup(), path)).toEqual({ ok: false, reason: 'no-backup' });

    writeFileSync(backup(), '');
    expect(await restoreSqlite(backup(), path)).toMatchObject({ ok: false, reason: 'not-a-database' });
    writeFileSync(backup(), 'Dear diary, '.repeat(200));
    expect(await restoreSqlite(backup(), path)).toMatchObject({ ok: false, reason: 'not-a-database' });

    const damaged = join(folder, 'damaged.sqlite');
    await backupSqlite(path, damaged);
    const bytes = readFileSync(damaged);
    bytes.fill(0xff, 8 * 4096, 20 * 4096);
    writeFileSync(damaged, bytes);
    expect(await restoreSqlite(damaged, path)).toMatchObject({ ok: false, reason: 'damaged' });

    const newer = join(folder, 'newer.sqlite');
    await backupSqlite(path, newer);
    edit(newer, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    expect(await restoreSqlite(newer, path)).toEqual({ ok: false, reason: 'newer-schema' });

    expect(await readBack()).toEqual(before);
    expect(readdirSync(folder).filter((name) => /unfinished|before-restore/.test(name))).toEqual([]);
  });
});

function schemaOf(file: string, make?: typeof mustOpen): unknown[] {
  if (make && !existsSync(file)) void make(file).close();
  const db = new BetterSqlite3(file, { readonly: true });
  const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
  db.close();
  return schema;
}
