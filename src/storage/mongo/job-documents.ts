import type { JobParameters } from 'agenda';
import { type Connection, type mongo, Schema } from 'mongoose';
import { defineModel, type Keyed } from './model.ts';

/** A job as Agenda's own adapter writes it, with what ours adds. */
export type JobDocument = {
  _id: mongo.ObjectId;
  /** What is unique about it; present only if anything is. */
  onlyOne?: string;
  name: string;
  type: JobParameters['type'];
  data: unknown;
  priority: number;
  nextRunAt: Date | null;
  lockedAt: Date | null;
  /** While it is locked: who holds the lock. */
  lastModifiedBy: string | null;
  lastRunAt: Date | null;
  lastFinishedAt: Date | null;
  failedAt: Date | null;
  failCount: number | null;
  failReason: string | null;
  progress: number | null;
  repeatInterval?: string | number | null;
  disabled?: boolean | null;
  /** Asked for while it runs; present only then. */
  again?: true;
  /** To be stopped while it runs; present only then. */
  cancelled?: true;
};

/**
 * For its indexes alone: jobs are read and written as they are, by Agenda's adapter and by ours. Lives on one shard, as
 * `jobs_only_one` holds there alone; at any time few jobs wait.
 */
const SCHEMA = new Schema<Keyed>({}, { _id: false });
// `request`, `cancel`, and repeated jobs: one of each key, and one of each repeated kind.
SCHEMA.index({ onlyOne: 1 }, { name: 'jobs_only_one', unique: true, sparse: true });
// `getNextJobToRun`: read in the order of the claim, until one is free or its lock has run out.
SCHEMA.index({ name: 1, nextRunAt: 1, priority: -1, lockedAt: 1, disabled: 1 }, { name: 'jobs_to_claim' });
// `release` and `holders`.
SCHEMA.index({ lastModifiedBy: 1, lockedAt: 1 }, { name: 'jobs_by_holder' });
// `removeFailed`.
SCHEMA.index({ failedAt: 1 }, { name: 'jobs_by_failure' });

export const JOBS = 'jobs';

/** The collection; the first call makes its indexes known, for `open.ts` to create. */
export function jobRows(db: Connection): mongo.Collection<JobDocument> {
  return defineModel(db, JOBS, SCHEMA).collection as unknown as mongo.Collection<JobDocument>;
}
