import mongoose, { type Connection } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { userModel } from '../../src/storage/mongo/user-documents.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { enterRoster, makeEntry, openChannel } from './support/builders.ts';
import { connectTo, dropDatabase, mongoUrl, mustOpenMongo } from './support/mongo-storage.ts';

const NAME = 'Ana Schmidt';
const EMAIL = 'ana@school.example';
const SUBJECT = 'subject-of-ana';

let url = '';
let storage: Storage;
let db: Connection;

beforeEach(async () => {
  url = mongoUrl();
  [storage, db] = await Promise.all([mustOpenMongo(url), connectTo(url)]);
});
afterEach(async () => {
  await Promise.all([storage.close(), db.close()]);
  await dropDatabase(url);
});

describe('errors of MongoDB in the log', () => {
  it('name nobody whom a bulk write or an insert was about', async () => {
    const channel = await openChannel(storage);
    await enterRoster(storage, channel, [makeEntry(SUBJECT, { person: { name: NAME, email: EMAIL } })]);
    const rows = userModel(db).collection;
    const [known] = await rows.find({ subject: SUBJECT }).toArray();
    if (!known) throw new Error('nobody was entered');
    const again = { ...known, _id: 'another' as never };
    const faults = await Promise.all([
      faultOf(rows.insertOne({ ...again })),
      faultOf(rows.bulkWrite([{ insertOne: { document: again } }, { insertOne: { document: known } }])),
      faultOf(rows.insertMany([again, known], { ordered: false })),
    ]);
    // The driver's errors do carry them.
    expect(faults[1]).toBeInstanceOf(mongoose.mongo.MongoBulkWriteError);
    expect(JSON.stringify(faults[1])).toContain(NAME);
    const lines: string[] = [];
    const log = createLog('info', { write: (line: string) => lines.push(line) });
    for (const err of faults) log.error({ err }, 'unexpected error');
    log.error(new Error('it broke off', { cause: faults[1] }));
    expect(lines).toHaveLength(4);
    for (const secret of [NAME, EMAIL, SUBJECT]) expect(lines.join('')).not.toContain(secret);
    for (const line of lines.slice(0, 3)) expect(JSON.parse(line).err).toMatchObject({ code: 11_000 });
    expect(JSON.parse(lines[1] ?? '').err).toMatchObject({ type: 'MongoBulkWriteError' });
  });
});

async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}
