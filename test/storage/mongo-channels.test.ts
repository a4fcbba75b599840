import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Channel, type ChannelId, DELETED_KEPT_MS, type UserId } from '../../src/channels/channel.ts';
import type { ActivityStore, ChannelOpening, ChannelStore } from '../../src/channels/channel-store.ts';
import { addedByHand, emptyMembership } from '../../src/channels/membership.ts';
import { createActivityStore } from '../../src/storage/mongo/activity-store.ts';
import { channelModel } from '../../src/storage/mongo/channel-documents.ts';
import { createChannelRows } from '../../src/storage/mongo/channel-rows.ts';
import { createChannelStore } from '../../src/storage/mongo/channel-store.ts';
import { type ContextDocument, contextModel } from '../../src/storage/mongo/context-documents.ts';
import { createContextRows } from '../../src/storage/mongo/context-rows.ts';
import { connectDatabase } from '../../src/storage/mongo/database.ts';
import { createMembershipRows, membershipModel } from '../../src/storage/mongo/membership-documents.ts';
import { rowsOf } from '../../src/storage/mongo/model.ts';
import { flushPending } from '../../src/storage/mongo/pending-events.ts';
import { prepareDatabase } from '../../src/storage/mongo/prepare.ts';
import { createPurge } from '../../src/storage/mongo/purge.ts';
import { atOnce, makeEvent, makeOpening, NOW, PLATFORM } from './support/builders.ts';

const OVER = NOW + DELETED_KEPT_MS;

describe('channels on MongoDB, where a step may be the last one of a process', () => {
  let db: Connection;
  let channels: ChannelStore;
  let activity: ActivityStore;

  beforeEach(async () => {
    const url = new URL(process.env.TEST_MONGODB_URI ?? '');
    url.pathname = `/channels-${randomUUID()}`;
    const connected = await connectDatabase({ url: url.href });
    if (!connected.ok) throw new Error(`no database: ${connected.reason}`);
    db = connected.value;
    channels = createChannelStore(db);
    activity = createActivityStore(db);
    createPurge(db);
    expect(await prepareDatabase(db, () => NOW)).toBe('ready');
  });

  afterEach(async () => {
    await db.dropDatabase();
    await db.close();
  });

  /** A launch into course c1, whose channel would get the ID `id`. */
  function launch(id: string, at = NOW): ChannelOpening {
    const opening = makeOpening('c1', { at });
    return { ...opening, fresh: { ...opening.fresh, id: id as ChannelId } };
  }

  async function open(name: string, change: Partial<Channel> = {}): Promise<Channel> {
    const opening = makeOpening(name);
    return (await channels.openChannelForContext({ ...opening, fresh: { ...opening.fresh, ...change } })).channel;
  }

  async function remove(channel: Channel): Promise<Channel> {
    const deleted = await channels.updateChannel({ ...channel, deletedAt: NOW }, NOW);
    if (!deleted) throw new Error('the channel was not deleted');
    return deleted;
  }

  async function add(channelId: ChannelId, userId: UserId): Promise<void> {
    const fresh = emptyMembership({ channelId, userId, subject: userId }, 'hand', NOW);
    await createMembershipRows(db).change({ channelId, userId, at: NOW }, () => addedByHand(fresh, 'member'));
  }

  const documents = () => rowsOf(channelModel(db));
  const everyChannel = async () => (await documents().find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id);
  const contextNow = (): Promise<ContextDocument | null> => rowsOf(contextModel(db)).findOne({ contextId: 'c1' });

  describe('opening', () => {
    it('makes the channel of a context that a launch left without one, under the ID it had claimed', async () => {
      await createContextRows(db).enter(launch('first'));
      const opened = await channels.openChannelForContext(launch('second', NOW + 1));
      expect(opened).toMatchObject({ created: true, channel: { id: 'first', referenceId: 'c1' } });
      expect(opened.context).toMatchObject({ channelId: 'first', firstLaunchAt: NOW, lastLaunchAt: NOW + 1 });
      expect((await channels.openChannelForContext(launch('third'))).created).toBe(false);
      expect(await everyChannel()).toEqual(['first']);
    });

    it('makes it once when twenty launches find the context without one', async () => {
      await createContextRows(db).enter(launch('first'));
      const opened = await atOnce(20, (i) => channels.openChannelForContext(launch(`later-${i}`)));
      expect(opened.filter(({ created }) => created)).toHaveLength(1);
      expect(await everyChannel()).toEqual(['first']);
    });

    it('finds a channel that was made when nobody came to note so', async () => {
      const context = await createContextRows(db).enter(launch('first'));
      await createChannelRows(db).insert(launch('first').fresh);
      expect(context.channelMade).toBeUndefined();
      const opened = await channels.openChannelForContext(launch('second'));
      expect(opened).toMatchObject({ created: false, channel: { id: 'first', referenceId: 'c1', version: 1 } });
      expect(await contextNow()).toMatchObject({ channelId: 'first', channelMade: true });
    });

    it('begins anew where the channel is gone, and does not make an empty one in its place', async () => {
      await channels.openChannelForContext(launch('first'));
      await documents().deleteOne({ _id: 'first' as ChannelId });
      const opened = await channels.openChannelForContext(launch('second'));
      expect(opened).toMatchObject({ created: true, channel: { id: 'second' }, context: { channelId: 'second' } });
      expect(await everyChannel()).toEqual(['second']);
    });

    it('gives one of twenty new channels the reference ID that all want, and the others none', async () => {
      const opened = await atOnce(20, (i) => open(`c${i}`, { referenceId: 'BOT' }));
      expect(opened.filter(({ referenceId }) => referenceId === 'BOT')).toHaveLength(1);
      expect(opened.filter(({ referenceId }) => referenceId === null)).toHaveLength(19);
      const stored = await channels.listChannels({ platformId: PLATFORM }, { limit: 50 });
      expect(new Map(stored.items.map((channel) => [channel.id, channel]))).toEqual(
        new Map(opened.map((channel) => [channel.id, channel])),
      );
    });
  });

  describe('changing', () => {
    it('gives one of ten channels the reference ID that is set for all, and leaves the others as they are', async () => {
      const known = await Promise.all(Array.from({ length: 10 }, (_, i) => open(`c${i}`)));
      const written = await atOnce(10, (i) => channels.updateChannel({ ...known[i]!, referenceId: 'BOT' }, NOW + 1));
      expect(written.filter((channel) => channel !== null)).toHaveLength(1);
      for (const [i, channel] of known.entries()) {
        expect(await channels.findChannel(channel.id)).toEqual(written[i] ?? channel);
      }
    });

    it('frees a reference ID that is given up', async () => {
      const [first, second] = [await open('c1'), await open('c2')];
      await channels.updateChannel({ ...first, referenceId: null }, NOW);
      expect(await channels.updateChannel({ ...second, referenceId: 'c1' }, NOW)).toMatchObject({ referenceId: 'c1' });
      const listed = await channels.listChannels({ platformId: PLATFORM, referenceId: 'c1' }, { limit: 5 });
      expect(listed.items.map(({ id }) => id)).toEqual([second.id]);
    });

    it('records what was noted of a change whose writer died before, once, however many repair it', async () => {
      const channel = await open('c1');
      // The first to put the event down writes the channel; the second, which would record it, does not come to that.
      let written = 0;
      const dying = {
        toBSON() {
          if (++written > 1) throw new Error('died');
          return 'changed';
        },
      };
      const broken = channels.updateChannel({ ...channel, givenName: 'Plants' }, NOW + 1, ({ id, version }) => [
        makeEvent('one', { channelId: id, from: `${version}`, to: dying as unknown as string }),
        makeEvent('two', { channelId: id }),
      ]);
      await expect(broken).rejects.toThrow('died');
      expect(await channels.findChannel(channel.id)).toMatchObject({ givenName: 'Plants', version: 2 });
      const events = async () => (await activity.listActivity(channel.id, {}, { limit: 9 })).items;
      expect(await events()).toEqual([]);
      await atOnce(5, () => flushPending(db, { now: NOW + 1, limit: 10 }));
      expect((await events()).map(({ id, from, to }) => [id, from, to])).toEqual([
        ['two', null, null],
        ['one', '2', 'changed'],
      ]);
      const [stored] = await documents().find().toArray();
      expect(stored).not.toHaveProperty('pending');
      expect(stored).not.toHaveProperty('pendingSince');
    });

    it('leaves alone what other verbs keep in the same document, and shows nothing of it', async () => {
      const channel = await open('c1');
      const leaving = [{ userId: 'user-1' as UserId, at: NOW }];
      await documents().updateOne({ _id: channel.id }, { $set: { leaving }, $inc: { managerTurn: 7 } });
      const changed = await channels.updateChannel({ ...channel, moderated: true }, NOW + 1);
      expect(changed).toEqual({ ...channel, moderated: true, updatedAt: NOW + 1, version: 2 });
      expect(await channels.findChannel(channel.id)).toEqual(changed);
      expect(await documents().findOne({ _id: channel.id })).toMatchObject({ leaving, managerTurn: 7 });
    });
  });

  describe('removing', () => {
    /** What the removal does first, by a process that dies then: the courses still point to the channel. */
    async function markAlone(id: ChannelId): Promise<void> {
      await documents().updateOne(
        { _id: id },
        { $set: { life: 'purging', referenceId: null }, $unset: { referenceKey: '' }, $inc: { version: 1 } },
      );
    }

    it('lets a course begin anew whose channel was marked and nothing else, for twenty launches at once', async () => {
      const { channel } = await channels.openChannelForContext(launch('old'));
      await add(channel.id, 'ana' as UserId);
      await remove(channel);
      await markAlone(channel.id);
      const opened = await atOnce(20, (i) => channels.openChannelForContext(launch(`new-${i}`, OVER)));
      expect(opened.filter(({ created }) => created)).toHaveLength(1);
      const ids = new Set(opened.map(({ channel: { id } }) => id));
      expect([ids.size, ids.has(channel.id)]).toEqual([1, false]);
      expect(opened[0]?.channel.referenceId).toBe('c1');
      while (await createPurge(db)({ now: OVER, limit: 1 }));
      expect(await everyChannel()).toEqual([...ids]);
      expect(await contextNow()).toMatchObject({ channelId: opened[0]?.channel.id });
    });

    it('opens one channel when launches and the removal come together', async () => {
      for (let i = 0; i < 5; i++) {
        const { channel } = await channels.openChannelForContext(launch(`old-${i}`, OVER));
        await remove(channel);
        const purge = createPurge(db);
        const results = await atOnce(12, async (j) => {
          if (j % 4 === 0) return purge({ now: OVER, limit: 1 });
          return (await channels.openChannelForContext(launch(`new-${i}-${j}`, OVER))).channel;
        });
        const opened = results.filter((result) => typeof result === 'object');
        const left = (await channels.openChannelForContext(launch(`last-${i}`, OVER))).channel;
        while (await purge({ now: OVER, limit: 1 }));
        // Before the removal began launches still found the old one, deleted; after it all of them found one new one.
        expect(new Set(opened.filter(({ deletedAt }) => deletedAt === null).map(({ id }) => id)).size).toBeLessThan(2);
        expect(await channels.findChannel(left.id)).toEqual(left);
        expect(await everyChannel()).toEqual([left.id]);
        await documents().deleteMany({});
        await rowsOf(contextModel(db)).deleteMany({});
      }
    });

    it('goes on where the one before it died', async () => {
      const channel = await remove(await open('c1'));
      for (const subject of ['ana', 'ben', 'cleo']) await add(channel.id, subject as UserId);
      await markAlone(channel.id);
      await createPurge(db)({ now: OVER, limit: 2 });
      expect(await rowsOf(membershipModel(db)).countDocuments()).toBe(1);
      await createPurge(db)({ now: OVER, limit: 2 });
      expect([await everyChannel(), await contextNow()]).toEqual([[], null]);
      expect(await rowsOf(membershipModel(db)).countDocuments()).toBe(0);
    });

    it('leaves a channel and members whose events are not recorded yet, and is not called again for them', async () => {
      const channel = await remove(await open('c1'));
      await add(channel.id, 'ana' as UserId);
      const pending = { pending: [makeEvent('of-ana', { channelId: channel.id })], pendingSince: NOW };
      await rowsOf(membershipModel(db)).updateOne({ channelId: channel.id }, { $set: pending });
      expect(await createPurge(db)({ now: OVER, limit: 5 })).toBe(false);
      expect(await everyChannel()).toEqual([channel.id]);
      await flushPending(db, { now: OVER, limit: 5 });
      expect(await createPurge(db)({ now: OVER, limit: 5 })).toBe(false);
      expect(await everyChannel()).toEqual([]);
      expect((await activity.listActivity(channel.id, {}, { limit: 5 })).items.map(({ id }) => id)).toEqual(['of-ana']);
    });
  });

  it('sorts names of which one begins the other as people expect, and pages between them', async () => {
    const names = ['ab', 'a', 'a b', '', 'a-b', 'a'];
    for (const [i, title] of names.entries()) await open(`c${i}`, { title, privacy: 'open' });
    const person = { platformId: PLATFORM, userId: 'ana' as UserId, tenant: null };
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await channels.listMyChannels(
        person,
        { scope: 'open' },
        { limit: 1, ...(cursor === null ? {} : { cursor }) },
      );
      seen.push(...page.items.map(({ channel }) => channel.title));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(['', 'a', 'a', 'a b', 'a-b', 'ab']);
  });

  it('takes who was removed, and whose event is not recorded yet, for a visitor again', async () => {
    const channel = await open('c1', { privacy: 'open' });
    const key = { channelId: channel.id, userId: 'ana' as UserId };
    await add(key.channelId, key.userId);
    const person = { platformId: PLATFORM, userId: key.userId, tenant: null };
    const total = async () => (await channels.listMyChannels(person, { scope: 'open' }, { limit: 0 })).total;
    expect(await total()).toBe(0);
    const dying = {
      toBSON() {
        if (++written > 1) throw new Error('died');
        return 'x';
      },
    };
    let written = 0;
    const removal = createMembershipRows(db).change(
      { ...key, at: NOW },
      () => 'remove',
      () => makeEvent('gone', { channelId: channel.id, to: dying as unknown as string }),
    );
    await expect(removal).rejects.toThrow('died');
    expect(await rowsOf(membershipModel(db)).countDocuments()).toBe(1);
    expect(await total()).toBe(1);
  });
});
