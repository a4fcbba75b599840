import { type Connection, type Model, Schema } from 'mongoose';
import { againIfDuplicate } from './faults.ts';
import { defineModel, rowsOf } from './model.ts';

/** Raised by every change of the schema; see prepare.ts. */
export const SCHEMA_VERSION = 2;

/** Databases of this version and later ones can be brought up to date. */
const OLDEST_SUPPORTED = 1;

const MARK = 'schema';
const PRODUCT = 'rostrum';

type MetaDocument = {
  _id: string;
  product?: string;
  /** Absent while the database is being made. */
  version?: number;
  /** How often it was checked that it can be written to. */
  checks?: number;
};

/** The mark that tells a database of ours, with its version, and the counter of `check`. Lives on one shard. */
const schema = new Schema<MetaDocument>({
  _id: { type: String, required: true },
  product: String,
  version: Number,
  checks: Number,
});

function metaModel(db: Connection): Model<MetaDocument> {
  return defineModel(db, 'meta', schema);
}

/** `behind`: empty, being made, or of an older version that can be brought up to date. */
export type Judgement = 'ready' | 'behind' | 'newer-schema' | 'old-schema' | 'not-a-database';

/**
 * What a database is to this program, read without touching it. Whoever makes one writes its mark first of all, so
 * collections that are listed before the mark is read are explained by it.
 */
export async function judgeDatabase(db: Connection): Promise<Judgement> {
  const collections = await db.listCollections();
  let version = await readVersion(db);
  if (version === null && (await isEmpty(db, collections))) return 'behind';
  // Once more: what was found just now may be of somebody who made the database after the first look.
  version ??= await readVersion(db);
  if (version === null) return 'not-a-database';
  if (version === 'making') return 'behind';
  if (version > SCHEMA_VERSION) return 'newer-schema';
  if (version < OLDEST_SUPPORTED) return 'old-schema';
  return version < SCHEMA_VERSION ? 'behind' : 'ready';
}

/** The version of the schema that stands in the database; null when it has no mark of ours. */
export async function readVersion(db: Connection): Promise<number | 'making' | null> {
  const mark = await rowsOf(metaModel(db)).findOne({ _id: MARK });
  return mark?.product === PRODUCT ? (mark.version ?? 'making') : null;
}

/** Marks an empty database as ours, without a version yet; a mark that stands is left as it is. */
export async function markAsOurs(db: Connection): Promise<void> {
  const mark = { $setOnInsert: { product: PRODUCT } };
  await againIfDuplicate(() => rowsOf(metaModel(db)).updateOne({ _id: MARK }, mark, { upsert: true }));
}

export async function writeVersion(db: Connection, version: number): Promise<void> {
  // Never back: a process that was held up for long must not undo what a newer one did.
  await rowsOf(metaModel(db)).updateOne(
    { _id: MARK, $or: [{ version: { $exists: false } }, { version: { $lt: version } }] },
    { $set: { version } },
  );
}

/** Writes something that nobody reads; throws when the database cannot be written to. */
export async function countCheck(db: Connection): Promise<void> {
  const counted = { $inc: { checks: 1 } };
  await againIfDuplicate(() => rowsOf(metaModel(db)).updateOne({ _id: 'check' }, counted, { upsert: true }));
}

// The server makes a collection a moment before its first document: an empty one of this name is of whoever is at it.
async function isEmpty(db: Connection, collections: { name: string }[]): Promise<boolean> {
  const others = collections.filter(({ name }) => name !== 'meta' && !name.startsWith('system.'));
  return others.length === 0 && (await rowsOf(metaModel(db)).findOne()) === null;
}
