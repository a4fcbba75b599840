import type { Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, ChannelId, SyncId } from '../../src/channels/channel.ts';
import type { RosterSlice } from '../../src/channels/channel-store.ts';
import { withOverride } from '../../src/channels/membership.ts';
import type { RosterChange, SyncRun } from '../../src/channels/sync-run.ts';
import { channelModel } from '../../src/storage/mongo/channel-documents.ts';
import { contextModel } from '../../src/storage/mongo/context-documents.ts';
import { rowsOf } from '../../src/storage/mongo/model.ts';
import { blockId, syncChangeModel, syncRunModel } from '../../src/storage/mongo/sync-documents.ts';
import { packChanges } from '../../src/storage/packed-changes.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  atOnce,
  collect,
  decideByRoster,
  enterRoster,
  makeAddition,
  makeEntry,
  makePlatform,
  makeRun,
  NOW,
  openChannel,
  PLATFORM,
} from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo } from './support/mongo-storage.ts';

let url = '';
let storage: Storage;
let db: Connection;
let channel: Channel;

beforeEach(async () => {
  url = mongoUrl();
  [storage, db] = await Promise.all([mustOpenMongo(url), connectTo(url)]);
  channel = await openChannel(storage);
});
afterEach(async () => {
  await Promise.all([storage.close(), db.close()]);
  await dropDatabase(url);
});

const additions = (count: number, from = 0): RosterChange[] =>
  Array.from({ length: count }, (_, i) => makeAddition(makeEntry(`person-${from + i}`)));

async function start(total: number): Promise<SyncRun> {
  const { run } = await storage.syncs.requestSync(makeRun('sync-1', { channelId: channel.id }));
  const running = { ...run, state: 'running', phase: 'applying', totalChanges: total } as const;
  await storage.syncs.saveSync(running);
  return running;
}

describe('a slice of a roster in MongoDB', () => {
  const sliceOf = (run: SyncRun, changes: RosterChange[]): RosterSlice => ({
    ...{ syncId: run.id, channelId: channel.id, platformId: PLATFORM, at: NOW + 1, attempt: run.restarts },
    ...{ changes, upTo: changes.length },
  });

  it('makes nobody twice whom launches enter at the same time, and keeps what they set', async () => {
    const changes = additions(60);
    const slice = sliceOf(await start(60), changes);
    const { memberships } = storage;
    const [applied] = await Promise.all([
      memberships.applyRosterDiff(slice, decideByRoster),
      enterRoster(
        storage,
        channel,
        additions(10).flatMap(({ entry }) => entry ?? []),
      ),
      atOnce(20, async (i) => {
        const subject = `person-${i * 3}`;
        const person = { name: `Said at launch ${i}`, email: null };
        const { id } = await memberships.upsertUser({ platformId: PLATFORM, subject, person, at: NOW });
        const key = { channelId: channel.id, userId: id, at: NOW };
        await memberships.changeMembership(key, (m) => m && withOverride(m, 'moderator'));
        return id;
      }),
    ]);
    expect(applied).toBe(true);
    const members = await collect(memberships.allMembers(channel.id, 100));
    expect(new Set(members.map(({ subject }) => subject)).size).toBe(60);
    expect(members).toHaveLength(60);
    expect(members.every(({ rosterLevel }) => rosterLevel === 'member')).toBe(true);
    const users = await memberships.findUsers(members.map(({ userId }) => userId));
    expect(users.map(({ subject }) => subject).toSorted()).toEqual(members.map(({ subject }) => subject).toSorted());
  });

  it('is decided again where somebody else was quicker, and what a person set stays', async () => {
    await enterRoster(
      storage,
      channel,
      additions(30).flatMap(({ entry }) => entry ?? []),
    );
    const run = await start(30);
    const changes = additions(30).map((change): RosterChange => {
      return { ...change, kind: 'change', entry: makeEntry(change.subject, { level: 'contributor' }) };
    });
    const members = await collect(storage.memberships.allMembers(channel.id, 50));
    await Promise.all([
      storage.memberships.applyRosterDiff(sliceOf(run, changes), decideByRoster),
      ...members.map((member) =>
        storage.memberships.changeMembership({ ...member, at: NOW + 2 }, (m) => m && withOverride(m, 'moderator')),
      ),
    ]);
    const after = await collect(storage.memberships.allMembers(channel.id, 50));
    expect(after.map(({ level, rosterLevel }) => [level, rosterLevel])).toEqual(
      after.map(() => ['moderator', 'contributor']),
    );
  });

  it('writes nothing more when it is applied again after a crash that lost its position', async () => {
    const run = await start(20);
    const slice = sliceOf(run, additions(20));
    await storage.memberships.applyRosterDiff(slice, decideByRoster);
    const before = await collect(storage.memberships.allMembers(channel.id, 50));
    await rowsOf(syncRunModel(db)).updateOne({ _id: run.id }, { $set: { appliedChanges: 0 } });
    expect(await storage.memberships.applyRosterDiff({ ...slice, at: NOW + 9 }, decideByRoster)).toBe(true);
    expect(await collect(storage.memberships.allMembers(channel.id, 50))).toEqual(before);
    expect((await storage.syncs.findSync(run.id))?.appliedChanges).toBe(20);
  });

  it('is refused when the run has ended', async () => {
    const run = await start(1);
    await storage.syncs.saveSync({ ...run, state: 'failed', finishedAt: NOW });
    expect(await storage.memberships.applyRosterDiff(sliceOf(run, additions(1)), decideByRoster)).toBe(false);
    expect((await storage.memberships.countMembers(channel.id)).total).toBe(0);
  });

  it('takes two lines about one person, whose subjects no engine can tell apart, in turn', async () => {
    const run = await start(2);
    const lines = ['\ud800', '\udfff'].map((end, i) =>
      makeAddition(makeEntry(`odd${end}`, { level: i === 0 ? 'member' : 'contributor' })),
    );
    expect(await storage.memberships.applyRosterDiff(sliceOf(run, lines), decideByRoster)).toBe(true);
    const members = await collect(storage.memberships.allMembers(channel.id, 9));
    expect(members).toMatchObject([{ subject: 'odd\ufffd', level: 'contributor', version: 2 }]);
  });
});

describe('a diff in MongoDB, after a crash between its steps', () => {
  const id = 'sync-1' as SyncId;
  const sync = { id, attempt: 0 };
  const blocks = () => rowsOf(syncChangeModel(db));
  const numbers = async () =>
    (await storage.syncs.syncChanges(id, { from: 0, limit: 1000 })).map(({ number }) => number);
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

  it('is complete when the slice is saved again, whatever of it was there', async () => {
    await start(0);
    await storage.syncs.saveSyncChanges(sync, 0, additions(250));
    await storage.syncs.saveSyncChanges(sync, 250, additions(230, 250));
    // The old end is gone, and of the new lines some blocks are there.
    for (const lost of [250, 350, 450]) {
      await blocks().deleteOne({ _id: blockId(id, 0, lost) });
      await storage.syncs.saveSyncChanges(sync, 250, additions(230, 250));
      expect(await numbers()).toEqual(upTo(480));
    }
  });

  it('shows no line of the diff before behind a new one', async () => {
    await start(0);
    await storage.syncs.saveSyncChanges(sync, 0, additions(480));
    await blocks().deleteMany({ syncId: id, firstNumber: { $gte: 150 } });
    await storage.syncs.saveSyncChanges(sync, 150, additions(40, 1000));
    expect(await numbers()).toEqual(upTo(190));
    const [first] = await storage.syncs.syncChanges(id, { from: 150, limit: 1 });
    expect(first).toMatchObject({ number: 150, subject: 'person-1000' });
  });
});

describe('a diff in MongoDB, beside a process that was replaced', () => {
  const id = 'sync-1' as SyncId;
  const subjects = async () =>
    (await storage.syncs.syncChanges(id, { from: 0, limit: 1000 })).map(({ subject }) => subject);

  /** The blocks that attempt 0 writes once it may go on, for having asked before attempt 1 began. */
  async function writeLate(from: number, count: number): Promise<void> {
    const rows = rowsOf(syncChangeModel(db));
    await rows.deleteMany({ syncId: id, attempt: 0, firstNumber: { $gte: from } });
    for (const block of packChanges(from, additions(count, 5000))) {
      const late = { _id: blockId(id, 0, block.firstNumber), syncId: id, attempt: 0, ...block };
      await rows.replaceOne({ _id: late._id, syncId: id }, late, { upsert: true });
    }
  }

  it('reads the same whatever comes late, with lines of its own or with none, and all of it is removed', async () => {
    const run = await start(0);
    await storage.syncs.saveSyncChanges({ id, attempt: 0 }, 0, additions(150));
    await storage.syncs.saveSync({ ...run, restarts: 1 });
    for (const count of [230, 0]) {
      await storage.syncs.saveSyncChanges({ id, attempt: 1 }, 0, additions(count));
      const before = await subjects();
      expect(before).toHaveLength(count);
      for (const from of [0, 100, 400]) await writeLate(from, 120);
      expect(await subjects()).toEqual(before);
    }
    await storage.syncs.saveSync({ ...run, restarts: 1, state: 'applied', phase: null, finishedAt: NOW });
    while (await storage.removeExpired(NOW + 90 * 86_400_000, 50));
    expect(await rowsOf(syncChangeModel(db)).countDocuments({ syncId: id })).toBe(0);
  });
});

describe('old syncs in MongoDB', () => {
  const DAY = 86_400_000;
  const blocks = (id: string) => rowsOf(syncChangeModel(db)).countDocuments({ syncId: id as SyncId });

  async function end(name: string, state: SyncRun['state'], finishedAt: number): Promise<SyncId> {
    const { run } = await storage.syncs.requestSync(makeRun(name, { channelId: channel.id }));
    await storage.syncs.saveSyncChanges({ id: run.id, attempt: 0 }, 0, additions(250));
    await storage.syncs.saveSync({ ...run, state, finishedAt });
    return run.id;
  }

  async function removeAll(now: number, limit: number): Promise<void> {
    for (let calls = 0; await storage.removeExpired(now, limit); calls++) if (calls > 50) throw new Error('never ends');
  }

  it('lose their diffs after 90 days and themselves after 400, unless they wait for a person', async () => {
    await end('old', 'applied', NOW);
    await end('young', 'failed', NOW + 1);
    await end('held', 'held', NOW);
    await removeAll(NOW + 90 * DAY, 10);
    expect([await blocks('old'), await blocks('young'), await blocks('held')]).toEqual([0, 3, 3]);
    expect(await storage.syncs.listSyncs(channel.id, 9)).toHaveLength(3);
    await removeAll(NOW + 400 * DAY, 10);
    const left = await storage.syncs.listSyncs(channel.id, 9);
    expect(left.map(({ id }) => id).toSorted()).toEqual(['held', 'young']);
    await removeAll(NOW + 500 * DAY, 2);
    expect([await blocks('young'), await blocks('held')]).toEqual([0, 3]);
    expect((await storage.syncs.listSyncs(channel.id, 9)).map(({ id }) => id)).toEqual(['held']);
  });

  it('leave no diff behind when a crash came between a run and its mark', async () => {
    const id = await end('old', 'applied', NOW);
    await rowsOf(syncChangeModel(db)).deleteMany({ syncId: id });
    await removeAll(NOW + 90 * DAY, 10);
    expect(await rowsOf(syncRunModel(db)).findOne({ _id: id })).not.toHaveProperty('hasDiff');
  });
});

describe('channels due for a sync in MongoDB', () => {
  it('are found among thousands of courses that had one', async () => {
    await storage.platforms.addPlatform(makePlatform('p1', { id: PLATFORM }));
    const COURSES = 2500;
    const document = await rowsOf(channelModel(db)).findOne({ _id: channel.id });
    const context = await rowsOf(contextModel(db)).findOne({ channelId: channel.id });
    if (!document || !context) throw new Error('the channel is not there');
    const ids = Array.from({ length: COURSES }, (_, i) => `many-${i}` as ChannelId);
    const { referenceKey: _, ...unnamed } = document;
    await rowsOf(channelModel(db)).insertMany(ids.map((_id) => ({ ...unnamed, _id })));
    await rowsOf(contextModel(db)).insertMany(
      ids.map((id, i) => ({ ...context, _id: id, contextId: id, channelId: id, lastLaunchAt: NOW + 1 + i })),
    );
    const runs = ids.filter((_, i) => i % 1200 !== 0).map((channelId) => makeRun(`sync-${channelId}`, { channelId }));
    await rowsOf(syncRunModel(db)).insertMany(
      runs.map(({ id, ...run }) => ({ _id: id, ...run, state: 'applied' as const })),
    );
    const due = (limit: number, askedBefore = NOW) =>
      storage.syncs.channelsDueForSync({ launchedSince: NOW, askedBefore, limit });
    expect(await due(10)).toEqual(['many-2400', 'many-1200', 'many-0', channel.id]);
    expect(await due(2)).toEqual(['many-2400', 'many-1200']);
    expect(await due(5000, NOW + 1)).toHaveLength(COURSES + 1);
  });
});
