import mongoose, { type Connection, type mongo } from 'mongoose';
import type { Clock } from '../../lib/clock.ts';
import { type Result, success } from '../../lib/result.ts';
import { type CopyTarget, type Key, KIND_RULES, KINDS, type Kind, type RecordWriter } from '../transfer.ts';
import { readCopyMark, writeCopyMark } from './copy-mark.ts';
import type { MongoOptions } from './database.ts';
import { isDuplicate, isOutage } from './faults.ts';
import { type MongoFailure, openPrepared } from './open.ts';
import { flushPending } from './pending-events.ts';
import { SHAPES } from './transfer-documents.ts';
import type { AnyDocument, AnyFilter, Shape } from './transfer-shapes.ts';

type Rows = mongo.Collection<AnyDocument>;

/**
 * Opens a database to copy another one into it, a half copied one too. As `openMongo` does, it is made if it is empty, with
 * its indexes: they carry the guarantees, and say at once what cannot be.
 */
export function openMongoTarget(options: MongoOptions & { clock?: Clock }): Promise<Result<CopyTarget, MongoFailure>> {
  return openPrepared(options, async (db) => success(createTarget(db)));
}

function createTarget(db: Connection): CopyTarget {
  const writers = KINDS.map((kind) => [kind, createWriter(db, kind)] as const);
  return {
    kinds: Object.fromEntries(writers) as unknown as CopyTarget['kinds'],
    readMark: () => readCopyMark(db),
    writeMark: (mark) => writeCopyMark(db, mark),
    async settle() {
      while (await flushPending(db, { now: Number.MAX_SAFE_INTEGER, limit: 200 }));
    },
    isOutage,
    close: () => db.close(),
  };
}

/** One that was removed and waits for its event is no record any more. */
const THERE = { gone: { $exists: false } };
const MAY_BE_GONE: readonly Kind[] = ['memberships', 'meeting_links'];

function createWriter<K extends Kind>(db: Connection, kind: K): RecordWriter<K> {
  // Kinds have the names of the collections.
  const rows = db.collection(kind) as unknown as Rows;
  const shape: Shape<K> = SHAPES[kind];
  const there = MAY_BE_GONE.includes(kind) ? THERE : {};
  const idsOf = (keys: readonly Key[]) => ({ _id: { $in: keys.map(shape.idOf) } });

  return {
    count: () => rows.countDocuments(there),
    async read(after, limit) {
      const behind = after === null ? {} : { _id: { $gt: String(after[0]) } };
      const found = await rows
        .find({ ...behind, ...there })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      const last = found.at(-1);
      return { records: found.map(shape.toRecord), last: last ? [last._id] : null };
    },
    async find(keys) {
      if (keys.length === 0) return [];
      const found = await rows.find(idsOf(keys)).toArray();
      return found.filter(({ gone }) => gone !== true).map(shape.toRecord);
    },
    async write(records) {
      if (records.length === 0) return;
      const documents = records.map(shape.toDocument);
      const known = await insertNew(rows, documents);
      if (known.length === 0) return;
      const operations = known.map((replacement) => ({
        replaceOne: { filter: filterOf(replacement, shape.shardKey), replacement, upsert: true },
      }));
      await rows.bulkWrite(operations, { ordered: false });
    },
    async findRival(records) {
      const documents = records.map((record) => ({ record, document: shape.toDocument(record) }));
      const taken = documents.flatMap(({ document }) => uniqueOf(shape, document));
      if (taken.length === 0) return null;
      const holders = await rows.find({ $or: taken }).toArray();
      const rival = documents.find(({ document }) => holders.some((holder) => isRival(shape, document, holder)));
      return rival ? KIND_RULES[kind].keyOf(rival.record) : null;
    },
    async removeAll() {
      await rows.deleteMany({});
    },
  };
}

/** Nearly all are new, and inserting costs half as much as replacing; those that are there already are returned. */
async function insertNew(rows: Rows, documents: AnyDocument[]): Promise<AnyDocument[]> {
  try {
    await rows.insertMany(documents, { ordered: false });
    return [];
  } catch (error) {
    if (!isDuplicate(error) || !(error instanceof mongoose.mongo.MongoBulkWriteError)) throw error;
    return [error.writeErrors].flat().flatMap(({ index }) => documents[index] ?? []);
  }
}

function filterOf(document: AnyDocument, shardKey: readonly string[] = []): AnyFilter {
  return Object.fromEntries(['_id', ...shardKey].map((field) => [field, document[field]])) as AnyFilter;
}

function uniqueOf<K extends Kind>(shape: Shape<K>, document: AnyDocument): AnyFilter[] {
  return [shape.unique?.(document) ?? []].flat();
}

/** Whether another document has what may be in one only. */
function isRival<K extends Kind>(shape: Shape<K>, document: AnyDocument, holder: AnyDocument): boolean {
  if (holder._id === document._id) return false;
  return uniqueOf(shape, document).some((own) =>
    Object.entries(own).every(([path, value]) => has(holder, path, value)),
  );
}

/** As the server reads a filter: a part of a part, or one of several. */
function has(document: AnyDocument, path: string, value: unknown): boolean {
  const found = path.split('.').reduce<unknown>((of, field) => Reflect.get(Object(of), field), document);
  return found === value || (Array.isArray(found) && found.includes(value));
}
