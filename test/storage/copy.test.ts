import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import type { Failure, Result } from '../../src/lib/result.ts';
import { type CopyFailure, type CopyReport, copyAll } from '../../src/storage/copy.ts';
import { recordText } from '../../src/storage/record-digest.ts';
import { createServingLock } from '../../src/storage/sqlite/serving-lock.ts';
import { openSqliteSource, statementParts } from '../../src/storage/sqlite/transfer.ts';
import { TABLES } from '../../src/storage/sqlite/transfer-tables.ts';
import {
  type CopySource,
  type CopyTarget,
  KIND_RULES,
  KINDS,
  type Kind,
  type Place,
} from '../../src/storage/transfer.ts';
import { makeEvent, makePlatform, NOW } from './support/builders.ts';
import { fillEverything } from './support/copy-world.ts';
import { BrokenDown, createMemoryTarget, type MemoryTarget } from './support/memory-target.ts';
import { makeFolder, mustOpen } from './support/temp-folder.ts';

/** Enough for three slices. */
const EVENTS = 1_200;

let full: ReturnType<typeof makeFolder>;
let folder = '';
let path = '';
let remove = () => {};

beforeAll(async () => {
  full = makeFolder();
  const storage = mustOpen(join(full.folder, 'full.sqlite'));
  await fillEverything(storage);
  for (let i = 0; i < EVENTS; i++) await storage.activity.recordActivity(makeEvent(`many-${i}`));
  await storage.close();
});
afterAll(() => full.remove());

beforeEach(() => {
  ({ folder, remove } = makeFolder());
  path = join(folder, 'rostrum.sqlite');
  copyFileSync(join(full.folder, 'full.sqlite'), path);
});
afterEach(() => remove());

function openSource(): CopySource {
  const opened = openSqliteSource(path);
  if (!opened.ok) throw new Error(`${opened.reason} ${opened.detail ?? ''}`);
  return opened.value;
}

type Options = { intoExisting?: boolean; startOver?: boolean; progress?: string[] };

async function copyTo(target: CopyTarget, options: Options = {}): Promise<Result<CopyReport, CopyFailure>> {
  const source = openSource();
  const progress = ({ doing, kind, done, total }: { doing: string; kind: Kind; done: number; total: number }) =>
    void options.progress?.push(`${doing} ${kind} ${done}/${total}`);
  const { intoExisting = false, startOver = false } = options;
  try {
    return await copyAll({ source, target, clock: () => NOW, progress }, { intoExisting, startOver });
  } finally {
    source.close();
  }
}

async function mustCopy(target: CopyTarget, options: Options = {}): Promise<CopyReport> {
  const copied = await copyTo(target, options);
  if (!copied.ok) throw new Error(`${copied.reason}: ${copied.detail}`);
  return copied.value;
}

/** Every record of the database, as text, by kind. */
async function everything(of: { kinds: CopySource['kinds'] }): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const kind of KINDS) found[kind] = (await of.kinds[kind].read(null, 100_000)).records.map(recordText).toSorted();
  return found;
}

async function sourceRecords(): Promise<Record<string, string[]>> {
  const source = openSource();
  const records = await everything(source);
  source.close();
  return records;
}

async function change(work: (storage: ReturnType<typeof mustOpen>) => Promise<unknown>): Promise<void> {
  const storage = mustOpen(path);
  await work(storage);
  await storage.close();
}

describe('what is read of a SQLite database to be copied', () => {
  it('is every table and every column, but those made from others or of use for minutes', () => {
    const db = new BetterSqlite3(path, { readonly: true });
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
      .pluck()
      .all();
    const leftOut = ['user_words', 'user_words_written', 'leases', 'rate_limits', 'jobs', 'zoom_authorisations'];
    // Read with their connections.
    leftOut.push('connection_holders');
    expect(tables.toSorted()).toEqual([...KINDS, ...leftOut].toSorted());
    const derived: Partial<Record<Kind, string[]>> = {
      channels: ['sort_key', 'search'],
      users: ['number'],
      memberships: ['sort_key', 'search', 'roster_mark'],
      recordings: ['binned', 'shown', 'unfinished_since', 'search'],
      catalogue: ['search'],
      connections: ['zoom_user_id', 'asked', 'swept_at'],
    };
    for (const kind of KINDS) {
      const read = db
        .prepare(`SELECT ${statementParts(kind).fields} FROM ${kind}`)
        .columns()
        // What is put together of another table is no column of this one.
        .flatMap(({ column }) => column ?? []);
      const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(kind);
      expect([...read, ...(derived[kind] ?? [])].toSorted(), kind).toEqual(columns.toSorted());
    }
    db.close();
  });

  it('has something of every kind, and a key that the table has too', async () => {
    const source = openSource();
    for (const kind of KINDS) {
      const [record] = (await source.kinds[kind].read(null, 1)).records;
      expect(record, kind).toBeDefined();
      const key = KIND_RULES[kind].keyOf(record as never);
      expect(key, kind).toEqual(TABLES[kind].key.map((field) => Reflect.get(record as object, field)));
      expect(await source.kinds[kind].find([key, key.map(() => 'nobody')]), kind).toEqual([record]);
    }
    source.close();
  });

  it('is the same in slices of one as at once, whatever the keys are', async () => {
    const source = openSource();
    for (const kind of KINDS) {
      const { records: all } = await source.kinds[kind].read(null, 100_000);
      expect(all).toHaveLength(await source.kinds[kind].count());
      const walked = [];
      for (let after: Place | null = null; walked.length < 300; ) {
        const { records, last }: { records: object[]; last: Place | null } = await source.kinds[kind].read(after, 1);
        if (last === null) break;
        walked.push(...records);
        after = last;
      }
      expect(walked, kind).toEqual(all.slice(0, 300));
    }
    source.close();
  });

  it('passes over nothing behind a key that is read as another one than it is', async () => {
    const keys = ['a\ud800', 'a\ue000', 'a\ufffd', 'a\u0000', 'a', ''];
    const token = { issuer: 'i', scopes: 's', sealedToken: 't', createdAt: NOW };
    await change(async (storage) => {
      for (const clientId of keys) await storage.keys.saveAccessToken({ ...token, clientId });
    });
    const source = openSource();
    const { read, count } = source.kinds.access_tokens;
    const walked = [];
    for (let slice = await read(null, 1); slice.last !== null; slice = await read(slice.last, 1)) {
      walked.push(...slice.records.filter(({ issuer }) => issuer === 'i'));
    }
    expect(walked.map(({ clientId }) => clientId)).toEqual([
      '',
      'a',
      'a\u0000',
      'a\ufffd\ufffd\ufffd',
      'a\ue000',
      'a\ufffd',
    ]);
    expect(await count()).toBe(keys.length + 1);
    source.close();
  });

  it('is one moment of it, and says when somebody wrote since', async () => {
    const source = openSource();
    const before = await everything(source);
    await change((storage) => storage.platforms.addPlatform(makePlatform('p3')));
    expect(await everything(source)).toEqual(before);
    expect(source.endReading()).toBe(true);
    source.close();
    const next = openSource();
    await everything(next);
    expect(next.endReading()).toBe(false);
    next.close();
  });

  it('leaves the database as it is, and cannot write to it', async () => {
    await change(async () => {});
    const bytes = readFileSync(path);
    const source = openSource();
    await everything(source);
    await expect(source.keys.removeKeyPair('any')).rejects.toThrow(/readonly/);
    source.close();
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

describe('a SQLite database that is not copied', () => {
  it('is one that is served, or being copied', () => {
    const serving = createServingLock(path);
    expect(serving.claim()).toBe(true);
    expect(openSqliteSource(path)).toMatchObject({ ok: false, reason: 'served' });
    serving.release();
    const source = openSource();
    expect(openSqliteSource(path)).toMatchObject({ ok: false, reason: 'served' });
    source.close();
    openSource().close();
  });

  it.each([
    ['newer-schema', 9_999],
    ['older-schema', 1],
  ])('is one of another version: %s', (reason, version) => {
    const db = new BetterSqlite3(path);
    db.pragma(`user_version = ${version}`);
    db.close();
    expect(openSqliteSource(path)).toMatchObject({ ok: false, reason });
  });

  it('is none, or something else', () => {
    expect(openSqliteSource(join(folder, 'nothing.sqlite'))).toMatchObject({ ok: false, reason: 'no-source' });
    writeFileSync(
      join(folder, 'text'),
      'This is a text and not a database, and long enough to be told from an empty one.',
    );
    expect(openSqliteSource(join(folder, 'text'))).toMatchObject({ ok: false, reason: 'not-a-database' });
    writeFileSync(join(folder, 'empty'), '');
    expect(openSqliteSource(join(folder, 'empty'))).toMatchObject({ ok: false, reason: 'not-a-database' });
  });
});

describe('a copy', () => {
  it('has everything, with counts and checksums, and tells how far it is', async () => {
    const target = createMemoryTarget();
    const progress: string[] = [];
    const report = await mustCopy(target, { progress });
    expect(await everything(target)).toEqual(await sourceRecords());
    expect(report).toMatchObject({ finishedBefore: null, resumed: false });
    const counted = report.kinds.map(({ kind, records }) => [kind, records]);
    expect(counted).toEqual(KINDS.map((kind) => [kind, target.records[kind].size]));
    const sums = report.kinds.map(({ checksum }) => checksum);
    expect(new Set(sums).size).toBe(KINDS.length);
    const events = target.records.activity.size;
    expect(progress).toEqual(
      expect.arrayContaining([
        `copy activity 500/${events}`,
        `copy activity ${events}/${events}`,
        `compare activity ${events}/${events}`,
      ]),
    );
    expect(await target.readMark()).toMatchObject({ state: 'finished', finishedAt: NOW });
  });

  it('is done once: the same again changes nothing', async () => {
    const target = createMemoryTarget();
    await mustCopy(target);
    const steps = target.steps();
    expect(await mustCopy(target)).toMatchObject({ finishedBefore: NOW });
    expect(await mustCopy(target, { intoExisting: true, startOver: true })).toMatchObject({ finishedBefore: NOW });
    expect(target.steps()).toBe(steps);
  });

  it('goes on wherever it broke off, and writes one slice again at most', async () => {
    const whole = createMemoryTarget();
    await mustCopy(whole);
    const records = await everything(whole);
    for (let step = 1; step <= whole.steps(); step++) {
      for (const when of ['before', 'after'] as const) {
        const target = createMemoryTarget();
        target.breakAt(step, when);
        await expect(copyTo(target)).rejects.toThrow(BrokenDown);
        const { state } = (await target.readMark()) ?? { state: 'none' };
        const wasFinished = state === 'finished';
        const report = await mustCopy(target);
        expect(report.resumed, `${when} ${step}`).toBe(state === 'unfinished');
        expect(report.finishedBefore !== null).toBe(wasFinished);
        expect(await everything(target)).toEqual(records);
        expect(repeated(target), `${when} ${step}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it('goes on however often it breaks off', async () => {
    const target = createMemoryTarget();
    let attempts = 0;
    for (let isDone = false; !isDone; attempts++) {
      target.breakAt(3, attempts % 2 === 0 ? 'before' : 'after');
      isDone = await copyTo(target).then(
        ({ ok }) => ok,
        () => false,
      );
    }
    expect(attempts).toBeGreaterThan(5);
    expect(await everything(target)).toEqual(await sourceRecords());
  });

  it('does not go on with another source, nor with this one after it was changed, unless it starts over', async () => {
    const target = createMemoryTarget();
    target.breakAt(20, 'after');
    await expect(copyTo(target)).rejects.toThrow(BrokenDown);
    await change((storage) => storage.platforms.removePlatform(makePlatform('p2').id));
    const slices = target.slices.length;
    expect(await copyTo(target)).toMatchObject({ ok: false, reason: 'other-copy' });
    expect(await copyTo(target, { intoExisting: true })).toMatchObject({ ok: false, reason: 'other-copy' });
    expect(target.slices).toHaveLength(slices);
    expect(await mustCopy(target, { startOver: true })).toMatchObject({ resumed: false });
    expect(await everything(target)).toEqual(await sourceRecords());
  });

  it('is not taken for whole when somebody wrote to the source meanwhile', async () => {
    const target = createMemoryTarget();
    const { write } = target.kinds.activity;
    target.kinds.activity.write = async (records) => {
      await write(records);
      await change((storage) => storage.activity.recordActivity(makeEvent('late')));
    };
    expect(await copyTo(target)).toMatchObject({ ok: false, reason: 'source-changed' });
    expect(await target.readMark()).toMatchObject({ state: 'unfinished' });
    target.kinds.activity.write = write;
    await mustCopy(target, { startOver: true });
    expect(target.records.activity.has('["late"]')).toBe(true);
  });
});

describe('a target that has records', () => {
  it('is left alone unless told', async () => {
    const target = createMemoryTarget();
    const session = { idHash: 'own', grants: [], createdAt: 1, expiresAt: 2 };
    await target.kinds.sessions.write([session]);
    const refused = { ok: false, reason: 'not-empty', detail: 'sessions' };
    expect(await copyTo(target)).toEqual(refused);
    expect(await copyTo(target, { startOver: true })).toEqual(refused);
    expect(await target.readMark()).toBeNull();
    expect(target.slices).toHaveLength(1);
  });

  it('keeps what is its own, and gives way where keys are the same', async () => {
    const target = createMemoryTarget();
    const expected = await sourceRecords();
    const own = { idHash: 'own', grants: [], createdAt: 1, expiresAt: 2 };
    await target.kinds.sessions.write([own, { ...own, idHash: 'one' }]);
    target.breakAt(4, 'after');
    await expect(copyTo(target, { intoExisting: true })).rejects.toThrow(BrokenDown);
    // Told once: it is known from the mark.
    await mustCopy(target);
    const { sessions = [], ...rest } = expected;
    expect(await everything(target)).toEqual({ ...rest, sessions: [...sessions, recordText(own)].toSorted() });
  });

  it('keeps what is its own also when the copy starts over', async () => {
    const target = createMemoryTarget();
    await target.kinds.sessions.write([{ idHash: 'own', grants: [], createdAt: 1, expiresAt: 2 }]);
    target.breakAt(4, 'after');
    await expect(copyTo(target, { intoExisting: true })).rejects.toThrow(BrokenDown);
    await mustCopy(target, { startOver: true });
    expect(target.records.sessions.has('["own"]')).toBe(true);
  });

  it('is not written to where the two cannot be brought together', async () => {
    const target = createMemoryTarget();
    await target.kinds.sessions.write([{ idHash: 'own', grants: [], createdAt: 1, expiresAt: 2 }]);
    target.kinds.users.findRival = async (records) => KIND_RULES.users.keyOf(records[0] as never);
    const refused = await copyTo(target, { intoExisting: true });
    expect(refused).toMatchObject({ ok: false, reason: 'taken', detail: expect.stringMatching(/^users \["/) });
    expect(await target.readMark()).toBeNull();
  });
});

describe('comparing', () => {
  /** Copies, with something else done to the target before it is compared. */
  async function copyAnd(work: (target: MemoryTarget) => void): Promise<Failure<CopyFailure>> {
    const target = createMemoryTarget();
    const { writeMark } = target;
    target.writeMark = async (mark) => {
      if (mark.position === null && mark.state === 'unfinished') work(target);
      await writeMark(mark);
    };
    const copied = await copyTo(target);
    if (copied.ok) throw new Error('It was taken for whole');
    expect(await target.readMark()).toMatchObject({ state: 'unfinished', position: null });
    // It is not taken for whole later either, until it starts over.
    expect(await copyTo(target)).toMatchObject({ ok: false, reason: 'differs' });
    target.writeMark = writeMark;
    await mustCopy(target, { startOver: true });
    return copied;
  }

  it.each(KINDS)('finds a record of another content, one that is missing and one too many: %s', async (kind) => {
    const records = (target: MemoryTarget) => target.records[kind] as Map<string, object>;
    const first = (target: MemoryTarget) => [...records(target)][0] as [string, object];
    const [[key, record]] = [first(await copied())];
    const field = Object.keys(record).find((name) => !TABLES[kind].key.includes(name)) as string;
    const changed = await copyAnd((target) => records(target).set(key, { ...record, [field]: 'else' }));
    expect(changed).toEqual({ ok: false, reason: 'differs', detail: `${kind} ${key} is not the same in ${field}` });
    const missing = await copyAnd((target) => records(target).delete(key));
    expect(missing).toMatchObject({ detail: `${kind} ${key} is missing` });
    const other = Object.fromEntries(TABLES[kind].key.map((name) => [name, 'other']));
    const otherKey = JSON.stringify(TABLES[kind].key.map(() => 'other'));
    const added = await copyAnd((target) => records(target).set(otherKey, { ...record, ...other }));
    expect(added).toMatchObject({ detail: `${kind} ${otherKey} is not in the source` });
  });

  async function copied(): Promise<MemoryTarget> {
    const target = createMemoryTarget();
    await mustCopy(target);
    return target;
  }
});

describe('rostrum copy', () => {
  async function run(argv: string[], env: Record<string, string> = { DATA_DIR: folder }) {
    const out: string[] = [];
    const err: string[] = [];
    const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
    const code = await runCli(['copy', ...argv], io, env);
    return { code, said: [...out, ...err].join('\n') };
  }
  const NOWHERE = 'mongodb://user:hidden@127.0.0.1:1/rostrum?serverSelectionTimeoutMS=100';

  it.each([
    [['--from', 'sqlite:x'], /DATABASE_URL is no MongoDB.*rostrum backup/],
    [['--from', 'mongodb://a/b', '--to', NOWHERE], /--from is a MongoDB.*mongodump/],
    [['--from', 'sqlite:x', '--to', 'sqlite:y'], /--to is no MongoDB.*rostrum backup/],
    [['--from', 'x', '--to', NOWHERE], /--from is not a database address/],
    [['--from', 'sqlite:x', '--to', 'mongodb://u:p@ss@host/x'], /--to has a user name or password/],
    [['--to', NOWHERE], /Missing: --from/],
  ])('says what is wrong with %j', async (argv, text) => {
    const { code, said } = await run(argv);
    expect(code).toBe(2);
    expect(said).toMatch(text);
    expect(said).not.toMatch(/hidden|p@ss/);
  });

  it('tells the faults of the settings where the target is among them', async () => {
    const { code, said } = await run(['--from', `sqlite:${path}`], {
      DATABASE_URL: 'mongodb://:x@/',
      DATA_DIR: folder,
    });
    expect([code, said]).toEqual([1, expect.stringMatching(/The settings are not right:\n {2}DATABASE_URL/)]);
  });

  it.each([
    ['there is none', () => 'nothing.sqlite', /There is no file .*nothing\.sqlite/],
    ['it is not ours', () => 'text', /is not a database of Rostrum/],
  ])('says so when the source is none: %s', async (_, name, text) => {
    writeFileSync(
      join(folder, 'text'),
      'This is a text and not a database, and long enough to be told from an empty one.',
    );
    const { code, said } = await run(['--from', `sqlite:${join(folder, name())}`, '--to', NOWHERE]);
    expect([code, said]).toEqual([1, expect.stringMatching(text)]);
  });

  it('says so when a server runs on the source', async () => {
    const storage = mustOpen(path);
    await storage.claimServing();
    const { code, said } = await run(['--from', `sqlite:${path}`, '--to', NOWHERE]);
    expect([code, said]).toEqual([1, expect.stringMatching(/A server runs on .*stop it first/)]);
    await storage.close();
  });

  it('says so when the target is away, by its name and without its password', async () => {
    const { code, said } = await run(['--from', `sqlite:${path}`, '--to', NOWHERE]);
    expect(code).toBe(1);
    expect(said).toMatch(/MongoDB 127\.0\.0\.1:1\/rostrum cannot be reached.*of --to/);
    expect(said).not.toContain('hidden');
    openSource().close();
  });
});

/** Slices of which some were written before. */
function repeated({ slices }: MemoryTarget): number {
  return slices.length - new Set(slices).size;
}
