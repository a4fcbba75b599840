import type { JobId, JobParameters } from 'agenda';
import { onlyOneOfName } from '../../jobs/job-rules.ts';
import { fromJson, toFlag, toJson } from './columns.ts';

/** A row of `jobs` as Agenda knows it; what else is in the table is the business of `job-backend.ts`. */
export type JobRow = JobState & {
  id: string;
  name: string;
  type: JobParameters['type'];
  data: string | null;
  priority: number;
  last_modified_by: string | null;
  disabled: 0 | 1;
  schedule: string;
};

/** What changes while a job is run. */
export type JobState = {
  next_run_at: number | null;
  locked_at: number | null;
  last_run_at: number | null;
  last_finished_at: number | null;
  failed_at: number | null;
  fail_count: number | null;
  fail_reason: string | null;
  progress: number | null;
};

const SCHEDULE = ['repeatInterval', 'repeatTimezone', 'repeatAt', 'startDate', 'endDate', 'skipDays', 'fork'] as const;
type Schedule = Pick<JobParameters, (typeof SCHEDULE)[number]>;

const STATE_COLUMNS = `next_run_at, locked_at, last_run_at, last_finished_at, failed_at, fail_count, fail_reason,
  progress`;
export const JOB_COLUMNS = `id, name, type, data, priority, last_modified_by, disabled, schedule, ${STATE_COLUMNS}`;

/** What `computeJobState` of Agenda says, in SQL; `@now` is the time. */
export const COMPUTED_STATE = `CASE
  WHEN locked_at IS NOT NULL THEN 'running'
  WHEN failed_at IS NOT NULL AND failed_at >= COALESCE(last_finished_at, failed_at) THEN 'failed'
  WHEN schedule ->> '$.repeatInterval' IS NOT NULL THEN 'repeating'
  WHEN next_run_at > @now THEN 'scheduled'
  WHEN next_run_at <= @now THEN 'queued'
  ELSE 'completed' END`;

export function toJob<Data = unknown>(row: JobRow): JobParameters<Data> & { _id: JobId } {
  const schedule = fromJson<Schedule>(row.schedule);
  return present({
    _id: row.id as JobId,
    name: row.name,
    type: row.type,
    priority: row.priority,
    data: (row.data === null ? undefined : fromJson<Data>(row.data)) as Data,
    nextRunAt: toDate(row.next_run_at) ?? null,
    lockedAt: toDate(row.locked_at),
    lastRunAt: toDate(row.last_run_at),
    lastFinishedAt: toDate(row.last_finished_at),
    failedAt: toDate(row.failed_at),
    failCount: row.fail_count,
    failReason: row.fail_reason,
    progress: row.progress,
    disabled: row.disabled === 1 ? true : undefined,
    lastModifiedBy: row.last_modified_by,
    ...schedule,
    startDate: schedule.startDate && new Date(schedule.startDate),
    endDate: schedule.endDate && new Date(schedule.endDate),
  });
}

/** All columns but the ID and what is unique, from what Agenda saves. */
export function toRow(job: JobParameters): Omit<JobRow, 'id'> {
  const schedule = Object.fromEntries(SCHEDULE.map((key) => [key, job[key]]));
  return {
    name: job.name,
    type: job.type,
    data: job.data === undefined ? null : toJson(job.data),
    priority: job.priority,
    last_modified_by: job.lastModifiedBy ?? null,
    disabled: toFlag(job.disabled === true),
    schedule: toJson(schedule),
    ...toState(job),
  };
}

export function toState(job: JobParameters): JobState {
  return {
    next_run_at: toTime(job.nextRunAt),
    locked_at: toTime(job.lockedAt),
    last_run_at: toTime(job.lastRunAt),
    last_finished_at: toTime(job.lastFinishedAt),
    failed_at: toTime(job.failedAt),
    fail_count: job.failCount ?? null,
    fail_reason: job.failReason ?? null,
    progress: job.progress ?? null,
  };
}

/** What a job that Agenda itself saves may be only once, if anything: a repeated one is. */
export function onlyOneOf({ type, name }: JobParameters): string | null {
  return type === 'single' ? onlyOneOfName(name) : null;
}

function toTime(value: Date | null | undefined): number | null {
  return value ? new Date(value).getTime() : null;
}

function toDate(value: number | null): Date | undefined {
  return value === null ? undefined : new Date(value);
}

// Agenda tells fields that are not there from those that are null by `undefined` alone.
function present<Value extends object>(
  fields: {
    [Key in keyof Value]: Value[Key] | null | undefined;
  },
): Value {
  const there = Object.entries(fields).filter(
    ([key, value]) => key === 'nextRunAt' || (value ?? undefined) !== undefined,
  );
  return Object.fromEntries(there) as Value;
}
