import type { Logger } from 'pino';

/** A sort of background work. Its code lives with its domain; this is what the engine must know of it. */
export type JobKind<Data extends object> = {
  name: string;
  /** How many run at once in one process. */
  atOnce: number;
  /** A job whose process died is taken up by another after this long, in milliseconds; the lock is renewed while it runs. */
  lockMs: number;
  /** Pauses before a job that threw is run again, in milliseconds; when they are used up it stays failed. Empty: never again by itself. */
  retryAfter: readonly number[];
  /** A job that does not get done because its signal aborts throws; one that returns is done, whatever the signal says. */
  run(data: Data, job: RunningJob): Promise<JobEnd>;
};

export type RunningJob = {
  id: string;
  /** Aborts when the job is cancelled, when its process stops, and when another process has taken it up. */
  signal: AbortSignal;
  log: Logger;
  /** 0 to 100. */
  progress(percent: number): Promise<void>;
};

/** `againAt`: the job is done for now and goes on then (epoch milliseconds); null: done, and its key is free again. */
export type JobEnd = { againAt: number } | null;

/** Any kind, whatever its data: what a kind is for those that only keep it. */
export type AnyKind = JobKind<never>;

export type Every = { kind: JobKind<object>; intervalMs: number };
