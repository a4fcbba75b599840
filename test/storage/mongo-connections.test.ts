import type { Connection as Database } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDuplicate } from '../../src/storage/mongo/faults.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { NOW } from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo } from './support/mongo-storage.ts';
import { asUser, makeConnection, sealFor } from './support/zoom-builders.ts';

describe('connections in MongoDB', () => {
  let url = '';
  let db: Database;
  let storage: Storage;

  beforeEach(async () => {
    url = mongoUrl();
    storage = await mustOpenMongo(url);
    db = await connectTo(url);
  });
  afterEach(async () => {
    await storage.close();
    await db.close();
    await dropDatabase(url);
  });

  it('have a person in one document only, wherever in it they stand', async () => {
    const rows = db.collection<{ _id: string }>('connections');
    const insert = async (zoomUserId: string, holders: string[]): Promise<boolean> => {
      try {
        await rows.insertOne({ _id: zoomUserId, profile: { zoomUserId }, holders } as never);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    };
    expect(await insert('zoom-1', ['ana', 'ben'])).toBe(true);
    expect(await insert('zoom-2', ['cem', 'ben'])).toBe(false);
    expect(await insert('zoom-3', ['cem', 'dan'])).toBe(true);
    await expect(rows.updateOne({ _id: 'zoom-3' }, { $push: { holders: 'ana' } } as never)).rejects.toSatisfy(
      isDuplicate,
    );
  });

  it('tell no end to a person whose leaving broke off, until it is gone on with', async () => {
    const { connections } = storage;
    const person = { userId: asUser('ana'), end: 'disconnected', at: NOW } as const;
    const connect = () => connections.connect(makeConnection('ana', 'zoom-1'), sealFor);
    const { id } = makeConnection('ana', 'zoom-1');
    await connect();
    await connections.endConnection(id, [person]);
    await connect();
    // As a process leaves it that dies between its two writes.
    const left = { end: 'disconnected', at: NOW, stamp: 'left', expireAt: new Date(NOW * 2) };
    await db.collection('ended_connections').insertOne({ _id: 'ana' as never, ...left });
    expect(await connections.findEnded(person.userId)).toBeNull();
    expect(await connections.endConnection(id, [person])).toBe(true);
    expect(await connections.findEnded(person.userId)).toEqual(person);
    await connect();
    expect(await db.collection('ended_connections').countDocuments()).toBe(0);
  });
});
