import { MongoJobRepository } from '@agendajs/mongo-backend';
import { type JobParameters, type JobRepository, type JobRepositoryOptions, toJobId } from 'agenda';
import mongoose, { type Connection, type mongo } from 'mongoose';
import { afterRun, JobNotHeld, nextOfRepeated, onlyOneOfName } from '../../jobs/job-rules.ts';
import { isDuplicate } from './faults.ts';
import { JOBS, type JobDocument } from './job-documents.ts';

type Rows = mongo.Collection<JobDocument>;

/** Agenda's jobs in MongoDB: its own adapter, apart from what that does to jobs that run, or without a unique index. */
export async function createJobRepository(db: Connection, rows: Rows): Promise<JobRepository> {
  const repository = new GuardedJobRepository(db.getClient().db(db.name), rows);
  await repository.connect();
  return repository;
}

class GuardedJobRepository extends MongoJobRepository {
  readonly #rows: Rows;

  constructor(db: mongo.Db, rows: Rows) {
    super({ mongo: db, db: { collection: JOBS }, ensureIndex: false });
    this.#rows = rows;
  }

  /** Never touches the lock or its holder: the job may run at this moment. */
  override async saveJob<Data = unknown>(
    job: JobParameters<Data>,
    options: JobRepositoryOptions | undefined,
  ): Promise<JobParameters<Data>> {
    if (job.unique) throw new Error('a job is unique by its key: see JobBackend.request');
    const id = job._id ? await this.#change(job, job._id) : await this.#add(job, options?.lastModifiedBy ?? null);
    return ((await this.getJobById(id)) as JobParameters<Data> | null) ?? job;
  }

  async #change(job: JobParameters<unknown>, id: string): Promise<string> {
    await this.#rows.updateOne({ _id: toObjectId(id), name: job.name }, { $set: givenFields(job) });
    return id;
  }

  async #add(job: JobParameters<unknown>, holder: string | null): Promise<string> {
    const fresh = { ...NEW, ...givenFields(job), ...stateOf(job), lastModifiedBy: holder };
    if (job.type !== 'single') return (await this.#rows.insertOne(asDocument(fresh))).insertedId.toHexString();
    const onlyOne = onlyOneOfName(job.name);
    // Until it is there, or was not changed while its next time was chosen.
    for (;;) {
      const known = await this.#rows.findOne({ onlyOne });
      const id = known ? await this.#repeat(job, known) : await this.#insert(asDocument({ ...fresh, onlyOne }));
      if (id !== null) return id;
    }
  }

  async #insert(document: mongo.OptionalUnlessRequiredId<JobDocument>): Promise<string | null> {
    try {
      return (await this.#rows.insertOne(document)).insertedId.toHexString();
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw error;
    }
  }

  async #repeat(job: JobParameters<unknown>, known: JobDocument): Promise<string | null> {
    const { _id, lockedAt, lastRunAt } = known;
    const before = { nextRunAt: known.nextRunAt, repeatInterval: known.repeatInterval ?? undefined };
    const nextRunAt = nextOfRepeated(
      job,
      { ...present(before), ...(lockedAt && { lockedAt }), ...(lastRunAt && { lastRunAt }) },
      Date.now(),
    );
    const changed = await this.#rows.updateOne(
      { _id, lockedAt: lockedAt === null ? null : { $ne: null }, nextRunAt: known.nextRunAt },
      { $set: { ...givenFields(job), nextRunAt } },
    );
    return changed.matchedCount === 1 ? _id.toHexString() : null;
  }

  override async saveJobState(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<void> {
    const id = job._id ?? '';
    const held = {
      _id: toObjectId(id),
      name: job.name,
      lastModifiedBy: options?.lastModifiedBy ?? null,
      lockedAt: { $ne: null },
    };
    if (!job.lockedAt) return this.#endRun(job, held);
    const saved = await this.#rows.updateOne(held, { $set: stateOf(job) });
    if (saved.matchedCount !== 1) throw new JobNotHeld(id);
  }

  /** What becomes of it depends on marks that others set; the write that does it asks for the same marks again. */
  async #endRun(job: JobParameters, held: mongo.Filter<JobDocument> & { _id: mongo.ObjectId }): Promise<void> {
    for (;;) {
      const row = await this.#rows.findOne(held, { projection: { onlyOne: 1, type: 1, again: 1, cancelled: 1 } });
      if (!row) throw new JobNotHeld(held._id.toHexString());
      const { onlyOne, type, again = null, cancelled = null } = row;
      const marks = { keyed: type === 'normal' && onlyOne !== undefined, again: again === true };
      const fate = afterRun(job, { ...marks, cancelled: cancelled === true });
      const unchanged = { ...held, again, cancelled } as mongo.Filter<JobDocument>;
      if (await this.#settle(unchanged, job, fate)) return;
    }
  }

  async #settle(which: mongo.Filter<JobDocument>, job: JobParameters, fate: ReturnType<typeof afterRun>) {
    if (fate === 'remove') return (await this.#rows.deleteOne(which)).deletedCount === 1;
    const anew = { nextRunAt: new Date(), failedAt: null, failCount: null, failReason: null };
    const saved = await this.#rows.updateOne(which, {
      $set: { ...stateOf(job), ...(fate === 'anew' ? anew : {}) },
      $unset: { again: '', cancelled: '' },
    });
    return saved.matchedCount === 1;
  }

  override async unlockJob(job: JobParameters): Promise<void> {
    if (!job._id) return;
    await this.#rows.updateOne({ _id: toObjectId(job._id), nextRunAt: { $ne: null } }, { $set: { lockedAt: null } });
  }

  /** One that is run for the last time has no time any more, and without one it would never be run again. */
  override async unlockJobs(ids: string[]): Promise<void> {
    const locked = { _id: { $in: ids.map(toObjectId) }, lockedAt: { $ne: null } };
    await this.#rows.updateMany({ ...locked, nextRunAt: null }, { $set: { lockedAt: null, nextRunAt: new Date() } });
    await this.#rows.updateMany(locked, { $set: { lockedAt: null } });
  }
}

const NEW = { data: null, priority: 0, repeatInterval: null, disabled: null };

/** What a caller says of a job, and nothing that its run writes. */
function givenFields(job: JobParameters<unknown>) {
  const { name, type, data, priority, nextRunAt, disabled } = job;
  const { repeatInterval, repeatTimezone, repeatAt, startDate, endDate, skipDays, fork } = job;
  const repetition = { repeatInterval, repeatTimezone, repeatAt, startDate, endDate, skipDays, fork };
  return present({ name, type, data, priority, nextRunAt, disabled, ...repetition });
}

function stateOf(job: JobParameters<unknown>) {
  return {
    nextRunAt: job.nextRunAt ?? null,
    lockedAt: job.lockedAt ?? null,
    lastRunAt: job.lastRunAt ?? null,
    lastFinishedAt: job.lastFinishedAt ?? null,
    failedAt: job.failedAt ?? null,
    failCount: job.failCount ?? null,
    failReason: job.failReason ?? null,
    progress: job.progress ?? null,
  };
}

type Present<Fields> = { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };

function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}

function asDocument(fields: object): mongo.OptionalUnlessRequiredId<JobDocument> {
  return fields as mongo.OptionalUnlessRequiredId<JobDocument>;
}

function toObjectId(id: string): mongo.ObjectId {
  return new mongoose.mongo.ObjectId(toJobId(id));
}
