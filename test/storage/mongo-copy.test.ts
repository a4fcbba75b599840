import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Connection } from 'mongoose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, PlatformId, SyncId } from '../../src/channels/channel.ts';
import { undoActivity } from '../../src/channels/undo-activity.ts';
import { runCli } from '../../src/cli/run.ts';
import { openMongo } from '../../src/storage/mongo/open.ts';
import { openStorage } from '../../src/storage/open.ts';
import { openFault } from '../../src/storage/open-faults.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { KINDS } from '../../src/storage/transfer.ts';
import { courseIn } from '../channels/support.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import {
  enterRoster,
  makeEntry,
  makeEvent,
  makeOpening,
  makePlatform,
  NOW,
  openChannel,
  PLATFORM,
} from './support/builders.ts';
import { fillEverything, lookAtEverything, SECRET } from './support/copy-world.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo, withOptions } from './support/mongo-storage.ts';
import { makeFolder, mustOpen } from './support/temp-folder.ts';
import { makeConnection, makeLink, sealFor } from './support/zoom-builders.ts';

/** Several slices of each: so many people, and twice as many events. */
const PEOPLE = 1_100;

let full: ReturnType<typeof makeFolder>;
/** A source with everything in it, and one with many people; they are only read. */
let world = '';
let large = '';
let url = '';
let db: Connection;

beforeAll(async () => {
  full = makeFolder();
  world = join(full.folder, 'world.sqlite');
  large = join(full.folder, 'large.sqlite');
  await fill(world, fillEverything);
  await fill(large, fillLarge);
});
afterAll(() => full.remove());

beforeEach(async () => {
  url = mongoUrl();
  db = await connectTo(url);
});
afterEach(async () => {
  await db.close();
  await dropDatabase(url);
});

async function fill(path: string, work: (storage: Storage) => Promise<void>): Promise<void> {
  const storage = mustOpen(path);
  await work(storage);
  await storage.close();
}

async function fillLarge(storage: Storage): Promise<void> {
  const channel = await openChannel(storage);
  const entries = Array.from({ length: PEOPLE }, (_, i) => makeEntry(`person-${i}`));
  await enterRoster(storage, channel, entries);
  for (let i = 0; i < 2 * PEOPLE; i++) await storage.activity.recordActivity(makeEvent(`event-${i}`));
}

function env(): Record<string, string> {
  return { DATA_DIR: join(full.folder, 'nobody'), SECRET_KEY: SECRET };
}

async function copy(path: string, more: string[] = [], settings = env()) {
  const out: string[] = [];
  const progress: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void progress.push(line) };
  const code = await runCli(['copy', '--from', `sqlite:${path}`, '--to', url, '--json', ...more], io, settings);
  return { code, document: JSON.parse(out.join('\n')), progress };
}

/** Works with the copy as a server would. */
async function withCopy<Value>(work: (storage: Storage) => Promise<Value>): Promise<Value> {
  const storage = await mustOpenMongo(url);
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** All documents but those that every process may write. */
async function contents(): Promise<Record<string, unknown[]>> {
  const found = KINDS.map(async (kind) => [kind, await db.collection(kind).find().sort({ _id: 1 }).toArray()] as const);
  return Object.fromEntries(await Promise.all(found));
}

describe('a database copied to MongoDB', () => {
  it('tells the same by all that can be asked of it', async () => {
    const { code, document } = await copy(world);
    expect(code).toBe(0);
    expect(document).toMatchObject({ from: world, resumed: false, finishedBefore: null, warnings: [] });
    const source = mustOpen(world);
    const expected = await lookAtEverything(source);
    await source.close();
    expect(await withCopy(lookAtEverything)).toEqual(expected);
    const counts = await Promise.all(KINDS.map((kind) => db.collection(kind).countDocuments()));
    expect(document.kinds.map(({ records }: { records: number }) => records)).toEqual(counts);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('has the fields that the stores write', async () => {
    await copy(world);
    const copied = await fieldsOf(db);
    const own = mongoUrl();
    const native = await mustOpenMongo(own);
    await fillEverything(native);
    const beside = await connectTo(own);
    expect(copied).toEqual(await fieldsOf(beside));
    await beside.close();
    await native.close();
    await dropDatabase(own);
  });

  it('is worked with as before', async () => {
    await copy(world);
    await withCopy(async (storage) => {
      const course = await courseIn(storage, 'one');
      // What was changed by hand is undone, the held sync applied, and what was under way goes on.
      const [event] = (await course.events()).filter(
        ({ action, subjectUserId }) => action.startsWith('member.') && subjectUserId,
      );
      expect((await course.member('cem')).level).toBe('moderator');
      const undone = await undoActivity(course.deps, {
        channelId: course.channelId,
        activityId: event?.id ?? '',
        actor: 'user:u',
      });
      expect(undone).toMatchObject({ ok: true, value: { undone: 1 } });
      expect((await course.member('cem')).level).toBe('member');
      const held = await storage.syncs.lastSync(course.channelId, ['held']);
      if (!held) throw new Error('The held sync is not there');
      expect(await course.applyHeld(held)).toMatchObject({ state: 'applied' });
      expect((await course.member('gus')).inactiveReason).toBe('departed');
      expect((await course.sync([{ subject: 'ada', level: 'manager' }, { subject: 'gus' }])).state).toBe('applied');
      expect((await course.member('gus')).active).toBe(true);
      const running = await storage.syncs.requestSync({
        ...held,
        id: 'another' as SyncId,
        channelId: 'channel-one-x' as ChannelId,
      });
      expect(running).toMatchObject({ created: false, run: { id: 'running', restarts: 2, tries: 3 } });
      // The course whose channel is being removed gets a new one; the others lead to theirs.
      const again = await storage.channels.openChannelForContext(
        makeOpening('old', { fresh: { ...makeOpening('old').fresh, id: 'fresh' as ChannelId } }),
      );
      expect(again).toMatchObject({ created: true, channel: { id: 'fresh', referenceId: 'old' } });
      expect(await storage.channels.openChannelForContext(makeOpening('one'))).toMatchObject({ created: false });
      expect(await storage.logins.consumeLoginState('s1', NOW)).toMatchObject({ nonce: 'n' });
      expect(await storage.sessions.removeSession('one')).toBe(true);
      for (let more = true; more; ) more = await storage.removeExpired(NOW + 40 * 86_400_000, 100);
      expect(await db.collection('memberships').countDocuments({ channelId: 'channel-old' })).toBe(0);
    });
  });

  it('is done once: the same again says so and changes nothing, what was done since stays', async () => {
    await copy(world);
    await withCopy(({ platforms }) => platforms.removePlatform('p2' as PlatformId));
    const before = await contents();
    const again = await copy(world, ['--into-existing']);
    expect(again).toMatchObject({
      code: 0,
      document: { finishedBefore: expect.stringMatching(/^20..-/), resumed: false },
    });
    expect(await contents()).toEqual(before);
  });

  it('says which SECRET_KEY it needs', async () => {
    const other = { ...env(), SECRET_KEY: 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF' };
    const { document } = await copy(world, [], other);
    expect(document.warnings).toEqual([expect.stringMatching(/^1 of 1 key pairs do not open/)]);
    const without = { DATA_DIR: join(full.folder, 'nobody') };
    const again = await copy(world, [], without);
    expect(again.document.warnings).toEqual([expect.stringMatching(/^SECRET_KEY is not known here/)]);
  });

  it('takes the target from the settings, and shows no password', async () => {
    const out: string[] = [];
    const io = { out: (line: string) => void out.push(line), err: (line: string) => void out.push(line) };
    expect(await runCli(['copy', '--from', `sqlite:${world}`], io, { ...env(), DATABASE_URL: url })).toBe(0);
    const said = out.join('\n');
    expect(said).toMatch(/is copied to MongoDB .*: \d+ records.*\n.*keep SECRET_KEY/);
    expect(said).toMatch(/^reading platforms: 2 of 2\n/);
    expect(said).not.toContain('mongodb://');
  });
});

describe('a copy that was killed', () => {
  it.each(['copying users: 500', 'copying memberships: 1000', 'copying activity: 500', 'comparing users'])(
    'keeps everybody out, and goes on where it stopped: %s',
    async (line) => {
      await killAt(line);
      expect(await openMongo({ url })).toEqual({ ok: false, reason: 'copy-unfinished' });
      const listed = await run(['platform', 'list']);
      expect(listed).toEqual([
        1,
        expect.stringMatching(/^MongoDB .* is not finished; run the same "rostrum copy" again/),
      ]);
      const written = await db.collection('users').countDocuments();
      const { code, document, progress } = await copy(large);
      expect([code, document.resumed]).toEqual([0, true]);
      const copied = progress.filter((told) => told.startsWith('copying users'));
      expect(copied.length > 0).toBe(written < PEOPLE);
      await withCopy(async ({ memberships }) => {
        const all = await memberships.countMembers('channel-1' as ChannelId);
        expect(all.total).toBe(PEOPLE);
      });
      expect(await db.collection('activity').countDocuments()).toBe(2 * PEOPLE);
    },
  );

  /** Runs the command in a process of its own and ends it when it says that. */
  async function killAt(line: string): Promise<void> {
    const child = spawn(process.execPath, ['dist/cli.js', 'copy', '--from', `sqlite:${large}`, '--to', url], {
      env: { ...process.env, ...env() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const gone = once(child, 'exit');
    for await (const told of createInterface(child.stderr)) if (told.startsWith(line)) break;
    child.kill('SIGKILL');
    expect(await gone).toEqual([null, 'SIGKILL']);
  }

  async function run(argv: string[]): Promise<[number, string]> {
    const said: string[] = [];
    const io = { out: (text: string) => void said.push(text), err: (text: string) => void said.push(text) };
    return [await runCli(argv, io, { ...env(), DATABASE_URL: url }), said.join('\n')];
  }
});

describe('a target that goes away', () => {
  it('is told as that, and the same command goes on when it is back', async () => {
    const through = new URL(url);
    const proxy = await startTcpProxy({ host: through.hostname, port: Number(through.port || 27_017) });
    through.host = `127.0.0.1:${proxy.port}`;
    const out: string[] = [];
    const io = {
      out: (line: string) => void out.push(line),
      err: (line: string) => void (line.startsWith('copying memberships: 1000') && proxy.cut()),
    };
    const argv = [
      'copy',
      '--from',
      `sqlite:${large}`,
      '--to',
      withOptions(through.href, { directConnection: 'true' }),
      '--json',
    ];
    expect(await runCli(argv, io, env())).toBe(1);
    const { error } = JSON.parse(out.splice(0).join('\n'));
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/is away.*goes on where it stopped/),
    });
    proxy.restore();
    expect(await runCli(argv, { ...io, err: () => {} }, env())).toBe(0);
    expect(JSON.parse(out.join('\n'))).toMatchObject({ resumed: true, finishedBefore: null });
    await proxy.close();
  });
});

describe('a target with records', () => {
  it('is refused unless told, and then keeps its own and gives way where IDs are the same', async () => {
    await withCopy(async (storage) => {
      await storage.platforms.addPlatform(makePlatform('own', { issuer: 'https://own.example' }));
      await storage.platforms.addPlatform(makePlatform(PLATFORM, { name: 'Of old' }));
    });
    const before = await contents();
    const refused = await copy(world);
    expect(refused).toMatchObject({
      code: 1,
      document: { error: { code: 'not-empty', message: expect.stringContaining('platforms') } },
    });
    expect(await contents()).toEqual(before);
    expect(await copy(world, ['--into-existing'])).toMatchObject({ code: 0 });
    await withCopy(async ({ platforms }) => {
      const all = await platforms.listPlatforms();
      expect(all.map(({ id }) => id).toSorted()).toEqual(['own', 'p2', PLATFORM].toSorted());
      expect(all.find(({ id }) => id === PLATFORM)?.name).not.toBe('Of old');
    });
  });

  it.each<[string, (storage: Storage) => Promise<unknown>]>([
    ['platforms ["p2"]', ({ platforms }) => platforms.addPlatform(makePlatform('x', { clientId: 'client-p2' }))],
    [
      'api_keys ["k1"]',
      ({ apiKeys }) =>
        apiKeys.addApiKey({ id: 'x', name: '', keyHash: 'h1', scopes: [], createdAt: 1, revokedAt: null }),
    ],
    [
      'channels ["channel-one"]',
      async (storage) =>
        storage.channels.openChannelForContext({
          ...makeOpening('one'),
          contextId: 'x',
          fresh: { ...makeOpening('one').fresh, id: 'x' as ChannelId },
        }),
    ],
    [
      'connections ["connection-ben"]',
      ({ connections }) => connections.connect(makeConnection('x', 'zoom-1'), sealFor),
    ],
    [
      'connections ["connection-cem"]',
      ({ connections }) => connections.connect(makeConnection('cem', 'another of Zoom'), sealFor),
    ],
    [
      'meeting_links ["l2"]',
      ({ meetingLinks }) => {
        const link = makeLink('x', { channelId: 'channel-one' as ChannelId, number: '123456789' });
        return meetingLinks.addLink(link, makeEvent('x'));
      },
    ],
    [
      'users',
      ({ memberships }) =>
        memberships.upsertUser({ platformId: PLATFORM, subject: 'ada', person: { name: null, email: null }, at: 1 }),
    ],
  ])('is not touched where it has another record in the place of one: %s', async (what, occupy) => {
    await withCopy(occupy);
    const before = await contents();
    const refused = await copy(world, ['--into-existing']);
    expect(refused).toMatchObject({
      code: 1,
      document: { error: { code: 'taken', message: expect.stringContaining(what) } },
    });
    expect(await contents()).toEqual(before);
    // It can still be served.
    await withCopy(async () => {});
  });

  it('records what was pending in a record before it is replaced', async () => {
    const event = makeEvent('pending');
    await withCopy(async (storage) => {
      await openChannel(storage, 'one');
      await db
        .collection('channels')
        .updateOne({ _id: 'channel-one' as never }, { $set: { pending: [event], pendingSince: NOW } });
    });
    expect(await copy(world, ['--into-existing'])).toMatchObject({ code: 0 });
    expect(await withCopy(({ activity }) => activity.findActivity('pending'))).toEqual(event);
  });
});

describe('a target that somebody else changes', () => {
  it('is found when it is compared, and not served', async () => {
    await copy(world);
    // As if it had been compared a moment before.
    const reopen = () =>
      db.collection('meta').updateOne({ _id: 'copy' as never }, { $set: { state: 'unfinished', position: 'null' } });
    await reopen();
    await db
      .collection('memberships')
      .updateOne({ userId: { $exists: true }, isTest: true }, { $set: { level: 'manager' } });
    const changed = await copy(world);
    expect(changed).toMatchObject({
      code: 1,
      document: {
        error: { code: 'differs', message: expect.stringMatching(/memberships \[.*\] is not the same in level\./) },
      },
    });
    expect(await openMongo({ url })).toMatchObject({ reason: 'copy-unfinished' });
    expect(await copy(world, ['--start-over'])).toMatchObject({ code: 0, document: { resumed: false } });
    await reopen();
    await db.collection('sessions').deleteOne({ _id: 'two' as never });
    expect((await copy(world)).document.error.message).toContain('sessions ["two"] is missing');
    await db.collection('platforms').insertOne({ _id: 'zzz' as never, roleLevels: [] });
    expect((await copy(world)).document.error.message).toContain('platforms ["zzz"] is not in the source');
    expect(await copy(world, ['--start-over'])).toMatchObject({ code: 0 });
    await withCopy(async () => {});
  });
});

describe('a target that cannot be used', () => {
  it.each([
    ['newer-schema', { _id: 'schema', product: 'rostrum', version: 9_999 }],
    ['not-a-database', { _id: 'else' }],
  ])('is told as at every start: %s', async (code, mark) => {
    await db.collection('meta').insertOne(mark as never);
    const { document } = await copy(world);
    expect(document).toMatchObject({ error: { code, message: expect.stringMatching(/^MongoDB /) } });
  });

  it('is half copied to everybody who opens it', async () => {
    await withCopy(async () => {});
    await db.collection('meta').insertOne({ _id: 'copy', state: 'unfinished' } as never);
    const opened = await openStorage({ engine: 'mongo', url });
    expect(opened).toEqual({ ok: false, reason: 'copy-unfinished' });
    if (!opened.ok)
      expect(openFault(opened, { engine: 'mongo', place: 'db/x' })).toMatch(/^MongoDB db\/x holds a copy/);
  });
});

/** The fields of all documents of each collection, with what they hold: texts, numbers and so on. */
async function fieldsOf(of: Connection): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const kind of KINDS) {
    const fields = new Set<string>();
    for (const document of await of.collection(kind).find().toArray()) {
      for (const [name, value] of Object.entries(document)) fields.add(`${name}: ${typeOf(value)}`);
    }
    found[kind] = [...fields].toSorted();
  }
  return found;
}

function typeOf(value: unknown): string {
  if (value === null || Array.isArray(value) || value instanceof Date)
    return String(value === null ? value : value.constructor.name);
  return typeof value === 'object' ? `{${Object.keys(value).toSorted().join()}}` : typeof value;
}
