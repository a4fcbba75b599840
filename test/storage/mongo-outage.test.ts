import { setTimeout } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectDatabase, connectFault } from '../../src/storage/mongo/database.ts';
import { isDuplicate, isOutage } from '../../src/storage/mongo/faults.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { makePlatform, NOW } from './support/builders.ts';
import { dropDatabase, mongoUrl, mustOpenMongo, withOptions } from './support/mongo-storage.ts';

const { MongoBulkWriteError, MongoNetworkError, MongoServerError, MongoServerSelectionError, MongoWriteConcernError } =
  mongoose.mongo;

/** A network that is dead is noticed within moments, so that no test waits long for it. */
const QUICK = { connectTimeoutMS: '400', heartbeatFrequencyMS: '500', directConnection: 'true' };

describe('a MongoDB that is cut off', () => {
  let url = '';
  let proxy: TcpProxy;
  let storage: Storage;

  beforeEach(async () => {
    url = mongoUrl();
    const { hostname, port } = new URL(url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port || 27_017) });
    const through = new URL(url);
    through.host = `127.0.0.1:${proxy.port}`;
    storage = await mustOpenMongo(withOptions(through.href, QUICK));
  });
  afterEach(async () => {
    proxy.restore();
    await storage.close();
    await proxy.close();
    await dropDatabase(url);
  });

  async function faultOf(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => 'done',
      (error: unknown) => error,
    );
  }

  const isBack = () => vi.waitFor(() => storage.check(), { timeout: 30_000, interval: 200 });

  it('is an outage for every verb while it lasts, and over when it is back', async () => {
    await storage.platforms.addPlatform(makePlatform('p1'));
    proxy.cut();
    const faults = await Promise.all([
      faultOf(storage.check()),
      faultOf(storage.platforms.listPlatforms()),
      faultOf(storage.leases.acquireLease('l', 'a', NOW, NOW + 1)),
    ]);
    expect(faults.map(isOutage)).toEqual([true, true, true]);
    proxy.restore();
    await isBack();
    expect(await storage.platforms.listPlatforms()).toEqual([makePlatform('p1')]);
  });

  it('is waited for when it is back soon', async () => {
    proxy.cut();
    // Until the driver has heard of it.
    await setTimeout(50);
    const asked = storage.platforms.listPlatforms();
    await setTimeout(50);
    proxy.restore();
    expect(await asked).toEqual([]);
  });

  it('is an outage when nothing is heard from it any more, and over when it is', async () => {
    await storage.check();
    proxy.stall();
    expect(isOutage(await faultOf(storage.platforms.listPlatforms()))).toBe(true);
    proxy.restore();
    await isBack();
    expect(await storage.platforms.listPlatforms()).toEqual([]);
  });

  it('has kept all that it said yes to', async () => {
    const answered: string[] = [];
    let stop = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; !stop; i++) {
        const id = `p${writer}-${i}`;
        if ((await faultOf(storage.platforms.addPlatform(makePlatform(id)))) === 'done') answered.push(id);
      }
    });
    for (const _ of [1, 2]) {
      const before = answered.length;
      await vi.waitFor(() => expect(answered.length).toBeGreaterThan(before + 20), { timeout: 30_000 });
      proxy.cut();
      proxy.restore();
    }
    stop = true;
    await Promise.all(writers);
    await isBack();
    const kept = new Set((await storage.platforms.listPlatforms()).map(({ id }) => String(id)));
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
  });
});

describe('a write to MongoDB', () => {
  it.each([{}, { w: '1' }, { wtimeoutMS: '0' }, { wtimeoutMS: '99000', journal: 'false' }, { j: 'false' }])(
    'waits ten seconds for a majority, whatever the address says: %j',
    async (options) => {
      const connected = await connectDatabase({ url: withOptions(mongoUrl(), options) });
      if (!connected.ok) throw new Error(connected.reason);
      const db = connected.value;
      const client = db.getClient();
      const wanted = { w: 'majority', journal: true, wtimeoutMS: 10_000 };
      expect(client.options.writeConcern).toMatchObject(wanted);
      expect(client.db().collection('any').writeConcern).toMatchObject(wanted);
      await db.close();
    },
  );
});

describe('faults of MongoDB', () => {
  const serverError = (code: number) => new MongoServerError({ message: 'said so', code });
  const bulkError = (...codes: number[]) => {
    const writeErrors = codes.map((code, index) => ({ code, index, errmsg: 'said so' }));
    return new MongoBulkWriteError(
      { message: 'said so', code: codes[0], writeErrors } as never,
      {
        getWriteConcernError: () => undefined,
      } as never,
    );
  };

  it('are outages where the server cannot do its work at the moment, and else bugs', () => {
    const outages = [10_107, 11_602, 189, 91, 50, 64, 14_031, 18, 13].map(serverError);
    expect([...outages, new MongoNetworkError('gone')].filter((error) => !isOutage(error))).toEqual([]);
    const bugs = [serverError(2), serverError(11_000), serverError(59), new TypeError('x is undefined'), 'text', null];
    expect(bugs.filter(isOutage)).toEqual([]);
  });

  it('are outages where a majority did not write in time, whatever else is said', () => {
    const writeConcernError = {
      code: 64,
      codeName: 'WriteConcernTimeout',
      errmsg: 'waiting for replication timed out',
    };
    const single = new MongoWriteConcernError({ ok: 1, n: 1, writeConcernError } as never);
    const answered = { getWriteConcernError: () => writeConcernError } as never;
    const bulk = new MongoBulkWriteError({ message: 'timed out', code: 64 }, answered);
    const duplicate = { message: 'E11000', code: 11_000, writeErrors: [{ code: 11_000 }] } as never;
    const both = new MongoBulkWriteError(duplicate, answered);
    expect([single, bulk, both].map(isOutage)).toEqual([true, true, true]);
    expect([single, bulk, both].map(isDuplicate)).toEqual([false, false, false]);
    expect(connectFault(single)?.reason).toBe('not-writable');
  });

  it('are outages where a bulk write lost its connection, and else bugs', () => {
    const nothing = { getWriteConcernError: () => undefined } as never;
    const cut = new MongoBulkWriteError(new MongoNetworkError('connection 3 closed'), nothing);
    const bug = new MongoBulkWriteError(new TypeError('x is undefined'), nothing);
    expect([cut, bug].map(isOutage)).toEqual([true, false]);
  });

  it('are duplicates where nothing else is wrong', () => {
    expect([serverError(11_000), bulkError(11_000), bulkError(11_000, 11_000)].map(isDuplicate)).toEqual([
      true,
      true,
      true,
    ]);
    expect([serverError(2), bulkError(11_000, 2), new Error('11000'), null].filter(isDuplicate)).toEqual([]);
  });

  it('tell why a database cannot be opened', () => {
    const noneFound = (members: string[]) => {
      const servers = new Map(members.map((type, i) => [`db${i}:27017`, { type }]));
      return new MongoServerSelectionError('none found', { type: 'ReplicaSetNoPrimary', servers } as never);
    };
    expect(connectFault(noneFound(['RSSecondary', 'Unknown']))?.reason).toBe('not-writable');
    expect(connectFault(noneFound(['Unknown', 'Unknown']))?.reason).toBe('unreachable');
    expect(connectFault(serverError(10_107))?.reason).toBe('not-writable');
    expect(connectFault(serverError(18))?.reason).toBe('not-authorised');
    expect(connectFault(new TypeError('x is undefined'))).toBeNull();
  });
});
