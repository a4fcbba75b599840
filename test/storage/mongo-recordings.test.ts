import type { Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import type { Recording, RecordingId } from '../../src/recordings/recording.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeEvent, NOW } from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo } from './support/mongo-storage.ts';
import { addRecordings, makeImport, makeRecording } from './support/recordings.ts';

describe('a recording in MongoDB, when a process dies half way', () => {
  const id = 'r1' as RecordingId;
  const binned = makeRecording('r1', { deletedAt: NOW, import: makeImport({ state: 'queued' }) });
  let url = '';
  let db: Connection;
  let storage: Storage;

  beforeEach(async () => {
    url = mongoUrl();
    storage = await mustOpenMongo(url);
    db = await connectTo(url);
    await addRecordings(storage, binned);
    const step = { recordingId: id, userId: 'u' as UserId, part: 0, positionMs: 1, watchedMs: 1, at: NOW };
    await storage.recordings.addWatching({ ...step, begins: true });
  });
  afterEach(async () => {
    await storage.close();
    await db.close();
    await dropDatabase(url);
  });

  /** What is left by one that dies after the first step of its removal, with an event that is not recorded. */
  async function breakOff(): Promise<void> {
    const mark = { life: 'removing', pending: [makeEvent('binned')], pendingSince: NOW };
    const rows = db.collection<{ _id: string }>('recordings');
    await rows.updateOne({ _id: id }, { $set: mark, $unset: { unfinishedSince: '' }, $inc: { turn: 1 } });
  }

  async function left(): Promise<number[]> {
    return Promise.all(['recordings', 'watching'].map((name) => db.collection(name).countDocuments()));
  }

  it('is gone for everybody from the first step of its removal on, and told to whoever empties the bin', async () => {
    const { recordings } = storage;
    await breakOff();
    expect(await recordings.findRecording(id)).toBeNull();
    expect(await recordings.findByMeetings([binned.meetingUuid])).toEqual([]);
    expect(await recordings.changeRecording(id, NOW, (current) => ({ ...current, deletedAt: null }))).toBeNull();
    expect(await recordings.unfinishedImports(9)).toEqual([]);
    expect((await recordings.listRecordings({ binOf: binned.ownerId }, { limit: 9 })).total).toBe(0);
    const [told] = await recordings.binnedBefore(NOW + 1, 9);
    expect(told?.id).toBe(id);
    expect(await recordings.removeRecording(id, NOW)).toBe(true);
    expect(await left()).toEqual([0, 0]);
    expect(await storage.activity.findActivity('binned')).not.toBeNull();
  });

  it('gives its meeting free for one that is added', async () => {
    await breakOff();
    const fresh = makeRecording('r2', { meetingUuid: binned.meetingUuid });
    expect(await storage.recordings.addRecording(fresh, null)).toEqual({ recording: fresh, created: true });
    expect(await left()).toEqual([1, 0]);
    expect(await storage.activity.findActivity('binned')).not.toBeNull();
  });

  it('keeps the event of its change until it is recorded', async () => {
    const pending = { $push: { pending: makeEvent('change') }, $set: { pendingSince: NOW } };
    await db.collection<{ _id: string }>('recordings').updateOne({ _id: id }, pending as never);
    while (await storage.removeExpired(NOW, 10));
    expect(await storage.activity.findActivity('change')).not.toBeNull();
    expect(await db.collection('recordings').findOne({}, { projection: { pending: 1, pendingSince: 1 } })).toEqual({
      _id: id,
    });
    expect(await storage.recordings.findRecording(id)).toEqual(binned);
  });

  it('is decided about anew when its channel goes between a decision and its writing', async () => {
    const { recordings } = storage;
    const rows = db.collection<{ _id: string; channelId: ChannelId | null }>('recordings');
    const seen: (ChannelId | null)[] = [];
    let released: Promise<unknown> = Promise.resolve();
    const decide = (current: Recording): Recording => {
      seen.push(current.channelId);
      if (seen.length === 1) released = rows.updateOne({ _id: id }, { $set: { channelId: null }, $inc: { turn: 1 } });
      return { ...current, title: 'Named' };
    };
    const [changed] = await Promise.all([recordings.changeRecording(id, NOW, decide), released]);
    expect(changed).toMatchObject({ title: 'Named' });
    expect(await recordings.findRecording(id)).toMatchObject({ title: 'Named', channelId: null });
  });
});
