import mongoose, { type Connection, type mongo } from 'mongoose';
import type { JobBackend, JobRequest, JobsOfKind } from '../../jobs/job-backend.ts';
import { onlyOneOfKey } from '../../jobs/job-rules.ts';
import { isDuplicate } from './faults.ts';
import { type JobDocument, jobRows } from './job-documents.ts';

type Rows = mongo.Collection<JobDocument>;

const LOCKED = { lockedAt: { $ne: null } };
const WAITING = { lockedAt: null, nextRunAt: { $ne: null } };
const FAILED = { lockedAt: null, nextRunAt: null };

export function createJobBackend(db: Connection): JobBackend {
  const rows = jobRows(db);
  return {
    // On demand: what it brings along takes a tenth of a second to load.
    async repository() {
      const { createJobRepository } = await import('./job-repository.ts');
      return createJobRepository(db, rows);
    },
    request: (job) => request(rows, job),
    cancel: (name, key) => cancel(rows, onlyOneOfKey(name, key)),
    ...createLocks(rows),
    overview: (now) => overview(rows, new Date(now)),
  };
}

/**
 * Each round is decided by one write, or by one read of a job that waits: whoever takes it up does so after that, and
 * sees what was asked for. A round that decides nothing met a job in the middle of a change by another.
 */
async function request(rows: Rows, { name, key, data, at }: JobRequest): Promise<boolean> {
  const onlyOne = onlyOneOfKey(name, key);
  for (;;) {
    const known = await findOrAdd(rows, onlyOne, { ...EMPTY, name, data, nextRunAt: new Date(at) });
    if (known === null) return true;
    if (known === 'somebody-else') continue;
    if (known.lockedAt === null && known.nextRunAt !== null) return false;
    const called = await rows.updateOne({ onlyOne, ...LOCKED }, { $set: { data, again: true } });
    if (called.matchedCount === 1) return false;
    // One that has failed for good waits for nothing: it begins as a new one.
    const begun = await rows.updateOne(
      { onlyOne, ...FAILED },
      { $set: { ...EMPTY, data, nextRunAt: new Date(at) }, $unset: { again: '', cancelled: '' } },
    );
    if (begun.matchedCount === 1) return true;
  }
}

const EMPTY = {
  type: 'normal' as const,
  priority: 0,
  lockedAt: null,
  lastModifiedBy: null,
  lastRunAt: null,
  lastFinishedAt: null,
  failedAt: null,
  failCount: null,
  failReason: null,
  progress: null,
};

/** The job that was there before; null when there was none and this one was added. */
async function findOrAdd(rows: Rows, onlyOne: string, fresh: Omit<JobDocument, '_id'>) {
  try {
    return await rows.findOneAndUpdate(
      { onlyOne },
      { $setOnInsert: fresh },
      { upsert: true, returnDocument: 'before' },
    );
  } catch (error) {
    if (isDuplicate(error)) return 'somebody-else';
    throw error;
  }
}

async function cancel(rows: Rows, onlyOne: string): Promise<boolean> {
  for (;;) {
    if ((await rows.deleteOne({ onlyOne, ...WAITING })).deletedCount === 1) return true;
    const marked = await rows.updateOne({ onlyOne, ...LOCKED }, { $set: { cancelled: true }, $unset: { again: '' } });
    if (marked.matchedCount === 1) return true;
    // It may have changed between the two: waiting now, after it ran.
    if (!(await rows.findOne({ onlyOne, $or: [LOCKED, WAITING] }, { projection: { _id: 1 } }))) return false;
  }
}

function createLocks(rows: Rows): Pick<JobBackend, 'lookAt' | 'release' | 'holders' | 'removeFailed'> {
  return {
    async lookAt(ids) {
      const projection = { lockedAt: 1, lastModifiedBy: 1, cancelled: 1 };
      const found = await rows.find({ _id: { $in: toObjectIds(ids) } }, { projection }).toArray();
      return found.map(({ _id, lockedAt, lastModifiedBy, cancelled }) => ({
        id: _id.toHexString(),
        holder: lockedAt ? lastModifiedBy : null,
        cancelled: cancelled === true,
      }));
    },
    async release(holder, at, ids) {
      const which = ids ? { _id: { $in: toObjectIds(ids) } } : {};
      await rows.updateMany(
        { ...which, ...LOCKED, lastModifiedBy: holder },
        { $set: { lockedAt: null, nextRunAt: new Date(at) }, $unset: { again: '' } },
      );
    },
    async holders() {
      const found = rows.aggregate<{ _id: string | null }>([
        { $match: LOCKED },
        { $group: { _id: '$lastModifiedBy' } },
      ]);
      return (await found.toArray()).map(({ _id }) => _id).filter((holder) => holder !== null);
    },
    async removeFailed(before) {
      await rows.deleteMany({ failedAt: { $lt: new Date(before) }, ...FAILED });
    },
  };
}

function toObjectIds(ids: readonly string[]): mongo.ObjectId[] {
  return ids.map((id) => new mongoose.mongo.ObjectId(id));
}

async function overview(rows: Rows, now: Date): Promise<JobsOfKind[]> {
  const free = { $eq: ['$lockedAt', null] };
  const isDue = { $and: [free, { $ne: ['$nextRunAt', null] }, { $lte: ['$nextRunAt', now] }] };
  const hasFailed = { $and: [free, { $eq: ['$nextRunAt', null] }, { $ne: ['$failedAt', null] }] };
  const count = (condition: object) => ({ $sum: { $cond: [condition, 1, 0] } });
  const kinds = rows.aggregate<Omit<JobsOfKind, 'name' | 'oldestDueAt'> & { _id: string; oldestDueAt: Date | null }>([
    {
      $group: {
        _id: '$name',
        waiting: count({ $and: [free, { $gt: ['$nextRunAt', now] }] }),
        due: count(isDue),
        running: count({ $ne: ['$lockedAt', null] }),
        failed: count(hasFailed),
        oldestDueAt: { $min: { $cond: [isDue, '$nextRunAt', null] } },
      },
    },
    { $sort: { _id: 1 } },
  ]);
  return (await kinds.toArray()).map(({ _id, oldestDueAt, ...counts }) => ({
    name: _id,
    ...counts,
    oldestDueAt: oldestDueAt?.getTime() ?? null,
  }));
}
