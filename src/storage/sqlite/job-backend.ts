import type { JobBackend, JobLook, JobsOfKind } from '../../jobs/job-backend.ts';
import { onlyOneOfKey } from '../../jobs/job-rules.ts';
import { newId } from '../../lib/ids.ts';
import { toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';
import { createJobRepository } from './job-repository.ts';

export function createJobBackend(db: Database): JobBackend {
  const repository = createJobRepository(db);
  return { repository: async () => repository, ...createRequests(db), ...createLocks(db), ...createOverview(db) };
}

function createRequests(db: Database): Pick<JobBackend, 'request' | 'cancel'> {
  const callAgain = db.prepare<[object]>(
    'UPDATE jobs SET data = @data, again = 1 WHERE only_one = @onlyOne AND locked_at IS NOT NULL',
  );
  // One that has failed for good waits for nothing: it begins as a new one.
  const add = db.prepare<[object]>(
    `INSERT INTO jobs (id, name, type, only_one, data, priority, next_run_at, schedule)
     VALUES (@id, @name, 'normal', @onlyOne, @data, 0, @at, '{}')
     ON CONFLICT (only_one) WHERE only_one IS NOT NULL DO UPDATE SET
       data = excluded.data, next_run_at = excluded.next_run_at, last_run_at = NULL, last_finished_at = NULL,
       failed_at = NULL, fail_count = NULL, fail_reason = NULL, progress = NULL, again = 0, cancelled = 0
     WHERE locked_at IS NULL AND next_run_at IS NULL`,
  );
  const removeWaiting = db.prepare<[string]>(
    'DELETE FROM jobs WHERE only_one = ? AND locked_at IS NULL AND next_run_at IS NOT NULL',
  );
  const mark = db.prepare<[string]>(
    'UPDATE jobs SET cancelled = 1, again = 0 WHERE only_one = ? AND locked_at IS NOT NULL',
  );
  const request = atomic(db, (row: { name: string; onlyOne: string; data: string; at: number }) => {
    if (callAgain.run({ data: row.data, onlyOne: row.onlyOne }).changes > 0) return false;
    return add.run({ ...row, id: newId(Date.now()) }).changes > 0;
  });
  const cancel = atomic(db, (onlyOne: string) => removeWaiting.run(onlyOne).changes + mark.run(onlyOne).changes > 0);
  return {
    async request({ name, key, data, at }) {
      return request({ name, onlyOne: onlyOneOfKey(name, key), data: toJson(data), at });
    },
    cancel: async (name, key) => cancel(onlyOneOfKey(name, key)),
  };
}

function createLocks(db: Database): Pick<JobBackend, 'lookAt' | 'release' | 'holders' | 'removeFailed'> {
  const look = db.prepare<[string], Omit<JobLook, 'cancelled'> & { cancelled: number }>(
    `SELECT id, CASE WHEN locked_at IS NULL THEN NULL ELSE last_modified_by END AS holder, cancelled
     FROM jobs WHERE id IN (SELECT value FROM json_each(?))`,
  );
  const release = db.prepare<{ holder: string; at: number; ids: string | null }>(
    `UPDATE jobs SET locked_at = NULL, next_run_at = @at, again = 0
     WHERE locked_at IS NOT NULL AND last_modified_by = @holder
       AND (@ids IS NULL OR id IN (SELECT value FROM json_each(@ids)))`,
  );
  const holders = db
    .prepare<[], string>(
      'SELECT DISTINCT last_modified_by FROM jobs WHERE locked_at IS NOT NULL AND last_modified_by IS NOT NULL',
    )
    .pluck();
  const removeFailed = db.prepare<[number]>(
    'DELETE FROM jobs WHERE failed_at < ? AND locked_at IS NULL AND next_run_at IS NULL',
  );
  return {
    async lookAt(ids) {
      return look.all(toJson(ids)).map((row) => ({ ...row, cancelled: row.cancelled === 1 }));
    },
    async release(holder, at, ids) {
      release.run({ holder, at, ids: ids ? toJson(ids) : null });
    },
    holders: async () => holders.all(),
    async removeFailed(before) {
      removeFailed.run(before);
    },
  };
}

function createOverview(db: Database): Pick<JobBackend, 'overview'> {
  const overview = db.prepare<{ now: number }, JobsOfKind>(
    `SELECT name,
       count(*) FILTER (WHERE locked_at IS NULL AND next_run_at > @now) AS waiting,
       count(*) FILTER (WHERE locked_at IS NULL AND next_run_at <= @now) AS due,
       count(*) FILTER (WHERE locked_at IS NOT NULL) AS running,
       count(*) FILTER (WHERE locked_at IS NULL AND next_run_at IS NULL AND failed_at IS NOT NULL) AS failed,
       min(next_run_at) FILTER (WHERE locked_at IS NULL AND next_run_at <= @now) AS oldestDueAt
     FROM jobs GROUP BY name ORDER BY name`,
  );
  return { overview: async (now) => overview.all({ now }) };
}
