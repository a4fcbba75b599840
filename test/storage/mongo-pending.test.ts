import type { Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { ActivityEvent } from '../../src/channels/channel-store.ts';
import { flushPending, settlePending } from '../../src/storage/mongo/pending-events.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { MeetingLinkId } from '../../src/zoom/meeting-link.ts';
import { enterRoster, makeEntry, makeEvent, NOW, openChannel } from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo } from './support/mongo-storage.ts';
import { makeLink } from './support/zoom-builders.ts';

describe('events that wait in the document they tell of', () => {
  const channelId = 'channel-1' as ChannelId;
  let url = '';
  let db: Connection;
  let storage: Storage;

  beforeEach(async () => {
    url = mongoUrl();
    storage = await mustOpenMongo(url);
    db = await connectTo(url);
    await enterRoster(storage, await openChannel(storage), [makeEntry('ana'), makeEntry('ben')]);
  });
  afterEach(async () => {
    await storage.close();
    await db.close();
    await dropDatabase(url);
  });

  const rows = (collection: string) => db.collection<{ pending?: unknown; gone?: true }>(collection);

  /** What a process leaves that dies between the write of a change and that of its event. */
  async function leave(collection: string, where: object, events: ActivityEvent[], more: object = {}): Promise<void> {
    const change = {
      $push: { pending: { $each: events } },
      $min: { pendingSince: NOW },
      $set: { left: true, ...more },
    };
    const { matchedCount } = await rows(collection).updateOne(where, change as never);
    expect(matchedCount).toBe(1);
  }

  async function recorded(): Promise<string[]> {
    const { items } = await storage.activity.listActivity(channelId, {}, { limit: 100 });
    return items.map(({ id }) => id).toSorted();
  }

  async function stillPending(): Promise<number> {
    const any = { $or: [{ pending: { $exists: true } }, { pendingSince: { $exists: true } }] };
    return (await rows('channels').countDocuments(any)) + (await rows('memberships').countDocuments(any));
  }

  it('are recorded by the next removal, each once, and taken out', async () => {
    await leave('channels', { _id: channelId }, [makeEvent('c1'), makeEvent('c2')]);
    await leave('memberships', { subject: 'ana' }, [makeEvent('m1')]);
    await leave('memberships', { subject: 'ben' }, [makeEvent('m2')]);
    // Its process died after recording it.
    await storage.activity.recordActivity(makeEvent('m2'));
    while (await storage.removeExpired(NOW, 10));
    expect(await recorded()).toEqual(['c1', 'c2', 'm1', 'm2']);
    expect(await stillPending()).toBe(0);
    expect((await storage.memberships.listMembers(channelId, {}, { limit: 10 })).total).toBe(2);
  });

  it('are recorded in slices', async () => {
    await leave('memberships', { subject: 'ana' }, [makeEvent('m1')]);
    await leave('memberships', { subject: 'ben' }, [makeEvent('m2')]);
    expect(await flushPending(db, { now: NOW, limit: 1 })).toBe(true);
    expect(await recorded()).toHaveLength(1);
    while (await flushPending(db, { now: NOW, limit: 1 }));
    expect(await recorded()).toEqual(['m1', 'm2']);
    expect(await stillPending()).toBe(0);
  });

  it('take a removed member with them when they go, and not before', async () => {
    await leave('memberships', { subject: 'ana' }, [makeEvent('m1')], { gone: true });
    while (await storage.removeExpired(NOW, 10));
    expect(await recorded()).toEqual(['m1']);
    expect(await rows('memberships').countDocuments({ subject: 'ana' } as never)).toBe(0);
    expect(await rows('memberships').countDocuments({ subject: 'ben' } as never)).toBe(1);
  });

  it('leave the number of a removed meeting link free, and take it with them', async () => {
    const { meetingLinks } = storage;
    await meetingLinks.addLink(makeLink('old'), makeEvent('l1'));
    const numberKey = `${channelId} 84512345678`;
    expect(await db.collection('meeting_links').countDocuments({ numberKey, channelId })).toBe(1);
    const removed = { $push: { pending: makeEvent('l2') }, $unset: { numberKey: '', channelId: '', linkedBy: '' } };
    const left = { ...removed, $set: { gone: true, pendingSince: NOW } };
    await db.collection('meeting_links').updateOne({ numberKey }, left as never);
    expect(await meetingLinks.findLink('old' as MeetingLinkId)).toBeNull();
    expect((await meetingLinks.addLink(makeLink('new'), makeEvent('l3'))).ok).toBe(true);
    while (await storage.removeExpired(NOW, 10));
    expect(await recorded()).toEqual(['l1', 'l2', 'l3']);
    expect(await db.collection('meeting_links').distinct('_id')).toEqual(['new']);
  });

  it('stay where one came in after those that are settled', async () => {
    await leave('channels', { _id: channelId }, [makeEvent('c1'), makeEvent('c2')]);
    await settlePending(db, 'channels', channelId, [makeEvent('c1')]);
    expect(await recorded()).toEqual(['c1']);
    expect(await rows('channels').findOne()).toMatchObject({ pending: [{ id: 'c2' }], pendingSince: NOW });
    await settlePending(db, 'channels', channelId, [makeEvent('c2')]);
    expect(await stillPending()).toBe(0);
  });

  it('are settled by several at once', async () => {
    const events = Array.from({ length: 5 }, (_, i) => makeEvent(`c${i}`));
    await leave('channels', { _id: channelId }, events);
    await Promise.all([
      ...events.map((event) => settlePending(db, 'channels', channelId, [event])),
      flushPending(db, { now: NOW, limit: 10 }),
      flushPending(db, { now: NOW, limit: 10 }),
    ]);
    expect(await recorded()).toEqual(events.map(({ id }) => id));
    expect(await stillPending()).toBe(0);
  });
});
