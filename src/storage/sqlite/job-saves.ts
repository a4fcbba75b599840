import type { JobParameters, JobRepository, JobRepositoryOptions } from 'agenda';
import { afterRun, type JobMarks, JobNotHeld, nextOfRepeated } from '../../jobs/job-rules.ts';
import { newId } from '../../lib/ids.ts';
import { atomic, type Database } from './database.ts';
import { JOB_COLUMNS, type JobRow, onlyOneOf, toJob, toRow, toState } from './job-rows.ts';

/** What Agenda writes of a job, whoever runs it meanwhile. */
export function createJobSaves(db: Database): Pick<JobRepository, 'saveJob' | 'saveJobState'> {
  const insert = db.prepare<[object]>(
    `INSERT INTO jobs (only_one, ${JOB_COLUMNS})
     VALUES (@only_one, @id, @name, @type, @data, @priority, @last_modified_by, @disabled, @schedule, @next_run_at,
       @locked_at, @last_run_at, @last_finished_at, @failed_at, @fail_count, @fail_reason, @progress)`,
  );
  // Never the lock or its holder: it may run at this moment.
  const update = db.prepare<[object], JobRow>(
    `UPDATE jobs SET data = @data, priority = @priority, disabled = @disabled, schedule = @schedule,
       next_run_at = @next_run_at
     WHERE id = @id AND name = @name RETURNING ${JOB_COLUMNS}`,
  );
  const findSingle = db.prepare<[string], JobRow>(`SELECT ${JOB_COLUMNS} FROM jobs WHERE only_one = ?`);
  const findHeld = db.prepare<[string, string, string | null], JobMarks>(
    `SELECT only_one IS NOT NULL AND type = 'normal' AS keyed, again, cancelled FROM jobs
     WHERE id = ? AND name = ? AND locked_at IS NOT NULL AND last_modified_by IS ?`,
  );
  const saveState = db.prepare<[object]>(
    `UPDATE jobs SET next_run_at = @next_run_at, locked_at = @locked_at, last_run_at = @last_run_at,
       last_finished_at = @last_finished_at, failed_at = @failed_at, fail_count = @fail_count,
       fail_reason = @fail_reason, progress = @progress
     WHERE id = @id`,
  );
  const clearMarks = db.prepare<[string]>('UPDATE jobs SET again = 0, cancelled = 0 WHERE id = ?');
  const remove = db.prepare<[string]>('DELETE FROM jobs WHERE id = ?');

  const saveSingle = atomic(db, (job: JobParameters, holder: string | null): JobRow | undefined => {
    const known = findSingle.get(onlyOneOf(job) ?? '');
    if (!known) return add(job, holder);
    const row = toRow(job);
    const next = nextOfRepeated(job, toJob(known), Date.now());
    const disabled = job.disabled === undefined ? known.disabled : row.disabled;
    return update.get({ ...row, disabled, id: known.id, next_run_at: next?.getTime() ?? null });
  });

  function add(job: JobParameters, holder: string | null): JobRow {
    const row = { ...toRow(job), id: newId(Date.now()), last_modified_by: holder };
    insert.run({ ...row, only_one: onlyOneOf(job) });
    return row;
  }

  const endRun = atomic(db, (id: string, job: JobParameters, holder: string | null) => {
    const held = findHeld.get(id, job.name, holder);
    if (!held) throw new JobNotHeld(id);
    const marks = { keyed: Boolean(held.keyed), again: Boolean(held.again), cancelled: Boolean(held.cancelled) };
    const fate = afterRun(job, marks);
    if (fate === 'remove') return void remove.run(id);
    const anew = { next_run_at: Date.now(), fail_count: null, failed_at: null, fail_reason: null };
    saveState.run({ ...toState(job), ...(fate === 'anew' ? anew : {}), id });
    clearMarks.run(id);
  });

  const goOn = atomic(db, (id: string, job: JobParameters, holder: string | null) => {
    if (!findHeld.get(id, job.name, holder)) throw new JobNotHeld(id);
    saveState.run({ ...toState(job), id });
  });

  return {
    async saveJob<Data>(job: JobParameters<Data>, options: JobRepositoryOptions | undefined) {
      if (job.unique) throw new Error('a job is unique by its key: see JobBackend.request');
      const holder = options?.lastModifiedBy ?? null;
      if (job._id) {
        const row = update.get({ ...toRow(job), id: job._id });
        return row ? toJob<Data>(row) : job;
      }
      const row = job.type === 'single' ? saveSingle(job, holder) : add(job, holder);
      return row ? toJob<Data>(row) : job;
    },
    async saveJobState(job, options) {
      const save = job.lockedAt ? goOn : endRun;
      save(job._id ?? '', job, options?.lastModifiedBy ?? null);
    },
  };
}
