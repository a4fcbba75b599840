import type { JobRepository } from 'agenda';

/**
 * Where jobs are kept. Agenda claims, renews, repeats and retries them through `repository`; the other verbs are what it
 * does not have: keys that hold against twenty at once, cancelling, and letting go of locks.
 *
 * A backend refuses (throws from) `repository.saveJobState` unless the job is locked and its `lastModifiedBy` is the one
 * who saves. A save that ends a run (without `lockedAt`) does what `afterRun` says. Its `saveJob` never touches the lock
 * of a job that runs, keeps one job of a name whose type is `single`, and refuses `unique` and `debounce`: a key does
 * what they are for.
 *
 * Times are epoch milliseconds of the machine's clock.
 */
export type JobBackend = {
  /** Agenda's own view of the jobs; the code behind it is loaded when it is asked for. */
  repository(): Promise<JobRepository>;
  /**
   * True when a job was added: there was none of this name and key, or it had failed for good. One that waits stays as it
   * is. One that runs gets the new data and runs once more when it ends, as it may have looked too early.
   */
  request(job: JobRequest): Promise<boolean>;
  /** Removes a job that waits, or marks one that runs; false when there is neither. */
  cancel(name: string, key: string): Promise<boolean>;
  /** Who holds these jobs and whether they are cancelled; one that is gone is left out. */
  lookAt(ids: readonly string[]): Promise<JobLook[]>;
  /** Unlocks jobs that this holder has locked (all of them, if no IDs are given) and makes them due at `at`. */
  release(holder: string, at: number, ids?: readonly string[]): Promise<void>;
  /** Whoever has locked a job, each once. */
  holders(): Promise<string[]>;
  overview(now: number): Promise<JobsOfKind[]>;
  /** Removes jobs that failed for good before that time. */
  removeFailed(before: number): Promise<void>;
};

/** `data` is text: what a job is given comes back to the letter from every engine. */
export type JobRequest = { name: string; key: string; data: string; at: number };

export type JobLook = { id: string; holder: string | null; cancelled: boolean };

export type JobsOfKind = {
  name: string;
  waiting: number;
  due: number;
  running: number;
  failed: number;
  oldestDueAt: number | null;
};
