import mongoose, { type Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, UserId } from '../../src/channels/channel.ts';
import type { ActivityEvent } from '../../src/channels/channel-store.ts';
import { addedByHand, emptyMembership, type Membership, withOverride } from '../../src/channels/membership.ts';
import { channelModel } from '../../src/storage/mongo/channel-documents.ts';
import { membershipModel } from '../../src/storage/mongo/membership-documents.ts';
import { type MembershipDocument, memberKey } from '../../src/storage/mongo/membership-fields.ts';
import { createMemberWrites } from '../../src/storage/mongo/membership-writes.ts';
import { rowsOf } from '../../src/storage/mongo/model.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { atOnce, collect, enterRoster, makeEntry, makeEvent, NOW, openChannel } from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo } from './support/mongo-storage.ts';

/** Two processes on one database, and a connection beside them that tells what they left there. */
let url = '';
let one: Storage;
let other: Storage;
let db: Connection;
let channel: Channel;

beforeEach(async () => {
  url = mongoUrl();
  one = await mustOpenMongo(url);
  [other, db] = await Promise.all([mustOpenMongo(url), connectTo(url)]);
  channel = await openChannel(one);
});
afterEach(async () => {
  await Promise.all([one.close(), other.close(), db.close()]);
  await dropDatabase(url);
});

async function enter(...subjects: string[]): Promise<Membership[]> {
  await enterRoster(
    one,
    channel,
    subjects.map((subject) => makeEntry(subject, { level: 'manager' })),
  );
  const members = await collect(one.memberships.allMembers(channel.id, 50));
  return subjects.map((subject) => {
    const found = members.find((member) => member.subject === subject);
    if (!found) throw new Error(`${subject} is no member`);
    return found;
  });
}

async function enterOne(subject = 'ana'): Promise<Membership> {
  const [member] = await enter(subject);
  if (!member) throw new Error('nobody entered');
  return member;
}

const rows = () => rowsOf(membershipModel(db));
const channels = () => rowsOf(channelModel(db));
const find = ({ channelId, userId }: Membership) => other.memberships.findMembership(channelId, userId);
const documentOf = ({ channelId, userId }: Membership) => rows().findOne(memberKey(channelId, userId));
const demote = (member: Membership | null) => member && withOverride(member, 'member');
const remove = () => 'remove' as const;

async function recorded(): Promise<string[]> {
  const { items } = await other.activity.listActivity(channel.id, {}, { limit: 100 });
  return items.map(({ id }) => id).toSorted();
}

const noting = (id: string) => (): ActivityEvent => makeEvent(id);

/** The writes of a process that loses its connection after each change of a membership, before its event is recorded. */
async function dyingWrites() {
  const dead = await connectTo(url);
  await dead.close();
  return createMemberWrites(dead, rows());
}

describe('memberships in MongoDB, changed by two processes', () => {
  it('keep what each of two writers of one membership set', async () => {
    const ana = await enterOne();
    await atOnce(20, (i) => {
      const { memberships } = i % 2 === 0 ? one : other;
      return memberships.changeMembership({ ...ana, at: NOW + i }, (m) => {
        if (i === 7) return m && withOverride(m, 'moderator');
        return m && { ...m, lastSeenAt: (m.lastSeenAt ?? 0) + 1 };
      });
    });
    expect(await find(ana)).toMatchObject({ override: 'moderator', lastSeenAt: 19, version: ana.version + 20 });
  });

  it('are not taken for another that was removed and added again in between, though its version is the same', async () => {
    const ana = await enterOne();
    const seen = await documentOf(ana);
    await one.memberships.changeMembership({ ...ana, at: NOW }, remove);
    const fresh = addedByHand(emptyMembership(ana, 'hand', NOW), 'moderator');
    const added = await one.memberships.changeMembership({ ...ana, at: NOW }, () => fresh);
    expect(added?.version).toBe(seen?.version);
    const late = createMemberWrites(db, rows());
    expect(await late.write(seen, demote(ana), { key: { ...ana, at: NOW }, note: undefined })).toBeNull();
    expect(await find(ana)).toEqual(added);
  });

  it('never lose both managers when two take each other’s level at once', async () => {
    const pair = await enter('ana', 'ben');
    for (let round = 0; round < 50; round++) {
      const results = await Promise.all(
        pair.map((member, i) =>
          (i === 0 ? one : other).memberships.changeKeepingManager({ ...member, at: NOW + round }, demote),
        ),
      );
      expect(results.map(({ ok }) => ok).toSorted()).toEqual([false, true]);
      expect((await one.memberships.countMembers(channel.id)).active.manager).toBe(1);
      for (const member of pair) {
        await one.memberships.changeMembership(
          { ...member, at: NOW },
          (m) => m && { ...m, ...withOverride(m, 'manager') },
        );
      }
    }
    expect(await channels().findOne({ _id: channel.id })).toMatchObject({ managerTurn: 50, leaving: [] });
  });

  it('keep one of many managers who all go at once', async () => {
    const managers = await enter('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const results = await Promise.all(
      managers.map((member, i) =>
        (i % 2 === 0 ? one : other).memberships.changeKeepingManager({ ...member, at: NOW }, i < 4 ? demote : remove),
      ),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(7);
    expect((await one.memberships.countMembers(channel.id)).active.manager).toBe(1);
    expect((await channels().findOne({ _id: channel.id }))?.leaving).toEqual([]);
  });
});

describe('a process that dies before a manager goes', () => {
  const leavingNow = async () => (await channels().findOne({ _id: channel.id }))?.leaving;

  /** Its turn is taken, and the connection is lost before the membership is written. */
  async function dieGoing(member: Membership, at: number): Promise<void> {
    const broken = one.memberships.changeKeepingManager({ ...member, at }, demote, () => {
      throw new mongoose.mongo.MongoNetworkError('connection lost');
    });
    await expect(broken).rejects.toThrow('connection lost');
  }

  it('counts one manager too few for a minute, and no longer', async () => {
    const [ana, ben] = await enter('ana', 'ben');
    if (!ana || !ben) throw new Error('nobody entered');
    await dieGoing(ana, NOW);
    expect(await find(ana)).toEqual(ana);
    expect(await leavingNow()).toMatchObject([{ userId: ana.userId, at: NOW }]);
    const refused = { ok: false, reason: 'last-manager' };
    expect(await other.memberships.changeKeepingManager({ ...ben, at: NOW + 60_000 }, demote)).toEqual(refused);
    expect(await other.memberships.changeKeepingManager({ ...ben, at: NOW + 60_001 }, demote)).toMatchObject({
      ok: true,
    });
    expect(await leavingNow()).toEqual([]);
    expect(await other.memberships.changeKeepingManager({ ...ana, at: NOW + 60_002 }, demote)).toEqual(refused);
  });

  it('keeps nobody from a change that takes no manager away', async () => {
    const [ana, ben] = await enter('ana', 'ben');
    if (!ana || !ben) throw new Error('nobody entered');
    await dieGoing(ana, NOW);
    const seen = await other.memberships.changeKeepingManager(
      { ...ben, at: NOW },
      (m) => m && { ...m, lastSeenAt: NOW },
    );
    expect(seen).toMatchObject({ ok: true, value: { lastSeenAt: NOW } });
  });

  it('changes nothing when it was paused only and writes late', async () => {
    const [ana, ben] = await enter('ana', 'ben');
    if (!ana || !ben) throw new Error('nobody entered');
    const late = createMemberWrites(db, rows());
    const key = { ...ana, at: NOW };
    const seen = await late.read(key);
    await dieGoing(ana, NOW);
    expect(await other.memberships.changeKeepingManager({ ...ben, at: NOW + 99_000 }, demote)).toMatchObject({
      ok: true,
    });
    expect(await late.write(seen, demote(ana), { key, note: undefined })).toBeNull();
    expect(await find(ana)).toEqual(ana);
    expect((await one.memberships.countMembers(channel.id)).active.manager).toBe(1);
  });

  it('leaves no entry behind when its event cannot be made', async () => {
    const [ana] = await enter('ana', 'ben');
    if (!ana) throw new Error('nobody entered');
    const broken = one.memberships.changeKeepingManager({ ...ana, at: NOW }, demote, () => {
      throw new Error('broken note');
    });
    await expect(broken).rejects.toThrow('broken note');
    expect(await leavingNow()).toEqual([]);
    expect(await find(ana)).toEqual(ana);
  });
});

describe('a process that dies before the event of its change is recorded', () => {
  it('leaves the change, and the event in it', async () => {
    const ana = await enterOne();
    const dying = await dyingWrites();
    const changed = await dying.change({ ...ana, at: NOW + 1 }, demote, noting('e1'));
    expect(await find(ana)).toEqual(changed);
    expect(await recorded()).toEqual([]);
    await other.memberships.changeMembership(
      { ...ana, at: NOW + 2 },
      (m) => m && withOverride(m, 'manager'),
      noting('e2'),
    );
    expect(await recorded()).toEqual(['e2']);
    while (await other.removeExpired(NOW + 3, 10));
    expect(await recorded()).toEqual(['e1', 'e2']);
    expect(await documentOf(ana)).not.toHaveProperty('pending');
    expect(await documentOf(ana)).not.toHaveProperty('pendingSince');
  });

  async function die(): Promise<Membership> {
    const [ana] = await enter('ana', 'ben');
    if (!ana) throw new Error('nobody entered');
    const dying = await dyingWrites();
    expect(await dying.change({ ...ana, at: NOW + 1 }, remove, noting('gone'))).toBeNull();
    return ana;
  }

  it('leaves nobody of a removed member but their ID', async () => {
    const ana = await die();
    const { _id, channelId, userId } = (await documentOf(ana)) as MembershipDocument;
    expect(await documentOf(ana)).toEqual({
      ...{ _id, channelId, userId, gone: true, stamp: expect.any(String) },
      ...{ pending: [makeEvent('gone')], pendingSince: NOW + 1 },
    });
    const { memberships } = other;
    expect(await find(ana)).toBeNull();
    expect(await memberships.listMembers(channelId, {}, { limit: 9 })).toMatchObject({
      total: 1,
      items: [{ subject: 'ben' }],
    });
    expect((await memberships.listMembers(channelId, { q: 'ana' }, { limit: 9 })).total).toBe(0);
    expect(await memberships.countMembers(channelId)).toMatchObject({ total: 1, inactive: 0, active: { manager: 1 } });
    expect(await collect(memberships.allMembers(channelId, 1))).toMatchObject([{ subject: 'ben' }]);
    expect(await collect(memberships.allMembers(channelId, 1, () => false))).toMatchObject([{ subject: 'ben' }]);
    expect(await memberships.isTestStudent(userId)).toBe(false);
    const ben = await memberships.findUserBySubject(channel.platformId, 'ben');
    const last = { channelId, userId: ben?.id as UserId, at: NOW + 2 };
    expect(await memberships.changeKeepingManager(last, demote)).toEqual({ ok: false, reason: 'last-manager' });
  });

  it('is put right by the next removal of what is over, once', async () => {
    const ana = await die();
    while (await other.removeExpired(NOW + 2, 10));
    expect(await recorded()).toEqual(['gone']);
    expect(await documentOf(ana)).toBeNull();
  });

  it('changes nothing for whoever removes the member again', async () => {
    const ana = await die();
    expect(await other.memberships.changeMembership({ ...ana, at: NOW + 2 }, remove, noting('again'))).toBeNull();
    while (await other.removeExpired(NOW + 3, 10));
    expect(await recorded()).toEqual(['gone']);
  });

  it('loses neither the event nor the member who is added again in the meantime', async () => {
    const ana = await die();
    const fresh = addedByHand(emptyMembership(ana, 'hand', NOW + 2), 'member');
    const key = { ...ana, at: NOW + 2 };
    const added = await other.memberships.changeMembership(key, (current) => current ?? fresh, noting('added'));
    expect(added).toEqual({ ...fresh, updatedAt: NOW + 2, version: 1 });
    expect(await find(ana)).toEqual(added);
    while (await other.removeExpired(NOW + 3, 10));
    expect(await recorded()).toEqual(['added', 'gone']);
    expect(await find(ana)).toEqual(added);
    expect((await other.memberships.listMembers(channel.id, {}, { limit: 9 })).total).toBe(2);
  });

  it('loses no event when the member is removed again without one', async () => {
    const ana = await enterOne();
    const dying = await dyingWrites();
    await dying.change({ ...ana, at: NOW + 1 }, demote, noting('e1'));
    await other.memberships.changeMembership({ ...ana, at: NOW + 2 }, remove);
    expect(await find(ana)).toBeNull();
    while (await other.removeExpired(NOW + 3, 10));
    expect(await recorded()).toEqual(['e1']);
    expect(await documentOf(ana)).toBeNull();
  });
});
