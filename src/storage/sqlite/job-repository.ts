import type { JobRepository, JobsOverview, JobWithState } from 'agenda';
import type { Database } from './database.ts';
import { COMPUTED_STATE, JOB_COLUMNS, type JobRow, toJob } from './job-rows.ts';
import { createJobSaves } from './job-saves.ts';
import { defineDataFilter, orderOf, QUERIED, queryOf, SELECTED, selectionOf } from './job-selection.ts';

/** Agenda's jobs in SQLite; see `JobBackend` for what it does more than Agenda asks for. */
export function createJobRepository(db: Database): JobRepository {
  defineDataFilter(db);
  return {
    connect: async () => {},
    ...createQueries(db),
    ...createClaims(db),
    ...createJobSaves(db),
    ...createBulkChanges(db),
  };
}

type Part<Method extends keyof JobRepository> = Pick<JobRepository, Method>;

function createQueries(
  db: Database,
): Part<'queryJobs' | 'getJobsOverview' | 'getDistinctJobNames' | 'getJobById' | 'getQueueSize'> {
  const find = db.prepare<[string], JobRow>(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`);
  const names = db.prepare<[], string>('SELECT DISTINCT name FROM jobs ORDER BY name').pluck();
  const due = db.prepare<[number], number>('SELECT count(*) FROM jobs WHERE next_run_at < ?').pluck();
  const count = db.prepare<[object], number>(`SELECT count(*) FROM jobs WHERE ${QUERIED}`).pluck();
  const overview = db.prepare<{ now: number }, JobsOverview>(
    `SELECT name, count(*) AS total, sum(state = 'running') AS running, sum(state = 'scheduled') AS scheduled,
       sum(state = 'queued') AS queued, sum(state = 'completed') AS completed, sum(state = 'failed') AS failed,
       sum(state = 'repeating') AS repeating, sum(disabled) AS paused
     FROM (SELECT name, disabled, ${COMPUTED_STATE} AS state FROM jobs) GROUP BY name ORDER BY name`,
  );
  return {
    async queryJobs(options = {}) {
      const query = queryOf(options, Date.now());
      const page = { limit: options.limit || -1, offset: options.skip ?? 0 };
      const rows = db
        .prepare<[object], JobRow & { state: JobWithState['state'] }>(
          `SELECT ${JOB_COLUMNS}, ${COMPUTED_STATE} AS state FROM jobs WHERE ${QUERIED}
           ORDER BY ${orderOf(options.sort)} LIMIT @limit OFFSET @offset`,
        )
        .all({ ...query, ...page });
      return { jobs: rows.map((row) => ({ ...toJob(row), state: row.state })), total: count.get(query) ?? 0 };
    },
    getJobsOverview: async () => overview.all({ now: Date.now() }),
    getDistinctJobNames: async () => names.all(),
    async getJobById(id) {
      const row = find.get(id);
      return row ? toJob(row) : null;
    },
    getQueueSize: async () => due.get(Date.now()) ?? 0,
  };
}

/** Who locks and unlocks. One statement each: of several processes one gets a job. */
function createClaims(db: Database): Part<'lockJob' | 'unlockJob' | 'unlockJobs' | 'getNextJobToRun'> {
  const lock = `UPDATE jobs SET locked_at = @now, last_modified_by = @holder`;
  const lockOne = db.prepare<[object], JobRow>(
    `${lock} WHERE id = @id AND name = @name AND locked_at IS NULL AND next_run_at IS @nextRunAt AND disabled = 0
     RETURNING ${JOB_COLUMNS}`,
  );
  // Two questions, each by an index of its own, instead of one with OR that reads all jobs of the name.
  const findExpired = db
    .prepare<[string, number], string>(
      'SELECT id FROM jobs WHERE name = ? AND locked_at <= ? AND disabled = 0 ORDER BY locked_at LIMIT 1',
    )
    .pluck();
  const findDue = db
    .prepare<[string, number], string>(
      `SELECT id FROM jobs WHERE name = ? AND locked_at IS NULL AND next_run_at <= ? AND disabled = 0
     ORDER BY next_run_at, priority DESC LIMIT 1`,
    )
    .pluck();
  const claim = db.prepare<[object], JobRow>(
    `${lock} WHERE id = @id AND disabled = 0
       AND (locked_at <= @lockDeadline OR locked_at IS NULL AND next_run_at <= @nextScanAt)
     RETURNING ${JOB_COLUMNS}`,
  );
  const unlockWaiting = db.prepare<[string]>(
    'UPDATE jobs SET locked_at = NULL WHERE id = ? AND next_run_at IS NOT NULL',
  );
  // Without a time it would never be run again.
  const unlock = db.prepare<[number, string]>(
    'UPDATE jobs SET locked_at = NULL, next_run_at = COALESCE(next_run_at, ?) WHERE id = ? AND locked_at IS NOT NULL',
  );
  return {
    async lockJob(job, options) {
      const key = { id: job._id, name: job.name, nextRunAt: job.nextRunAt?.getTime() ?? null };
      const row = lockOne.get({ ...key, now: Date.now(), holder: options?.lastModifiedBy ?? null });
      return row && toJob(row);
    },
    async unlockJob({ _id }) {
      if (_id) unlockWaiting.run(_id);
    },
    async unlockJobs(ids) {
      for (const id of ids) unlock.run(Date.now(), id);
    },
    async getNextJobToRun(name, nextScanAt, lockDeadline, now, options) {
      const times = { nextScanAt: nextScanAt.getTime(), lockDeadline: lockDeadline.getTime() };
      const locked = { now: (now ?? new Date()).getTime(), holder: options?.lastModifiedBy ?? null };
      for (;;) {
        const id = findExpired.get(name, times.lockDeadline) ?? findDue.get(name, times.nextScanAt);
        if (id === undefined) return undefined;
        // Another process may have been faster; then there is another job, or none.
        const row = claim.get({ id, ...times, ...locked });
        if (row) return toJob(row);
      }
    },
  };
}

function createBulkChanges(db: Database): Part<'removeJobs' | 'disableJobs' | 'enableJobs' | 'purgeAllJobs'> {
  const remove = db.prepare<[object]>(`DELETE FROM jobs WHERE ${SELECTED}`);
  const setDisabled = db.prepare<[object]>(
    `UPDATE jobs SET disabled = @disabled WHERE disabled <> @disabled AND ${SELECTED}`,
  );
  const purge = db.prepare('DELETE FROM jobs');
  const disable = (options: Parameters<JobRepository['disableJobs']>[0], disabled: 0 | 1) => {
    const selection = selectionOf(options);
    return selection ? setDisabled.run({ ...selection, disabled }).changes : 0;
  };
  return {
    async removeJobs(options) {
      const selection = selectionOf(options);
      return selection ? remove.run(selection).changes : 0;
    },
    disableJobs: async (options) => disable(options, 1),
    enableJobs: async (options) => disable(options, 0),
    purgeAllJobs: async () => purge.run().changes,
  };
}
