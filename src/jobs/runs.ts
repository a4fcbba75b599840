import type { Job } from 'agenda';
import type { Logger } from 'pino';
import { systemClock } from '../lib/clock.ts';
import type { Claims } from './claims.ts';
import type { JobBackend } from './job-backend.ts';
import type { AnyKind } from './job-kind.ts';

/** The jobs that run in this process. */
export type Runs = {
  /** Runs a job to its end, and tells Agenda of it: when it goes on, or by throwing that it is to be tried again. */
  run(kind: AnyKind, job: Job<unknown>): Promise<void>;
  /** Stops those that were cancelled, and those that others have taken over. */
  look(): Promise<void>;
  /** Tells all to stop, and those that begin from now on. */
  stop(): void;
};

export type RunsOptions = {
  backend: Pick<JobBackend, 'lookAt'>;
  holder: string;
  log: Logger;
  claims: Pick<Claims, 'repository' | 'letGo'>;
};

type Run = { kind: AnyKind; abort: AbortController; renewedAt: number };

class JobStopped extends Error {
  readonly why: 'cancelled' | 'lost' | 'stopping';

  constructor(why: JobStopped['why']) {
    super(WORDS[why]);
    this.why = why;
  }
}

const WORDS = {
  cancelled: 'the job was cancelled',
  lost: 'another process has taken up the job',
  stopping: 'the process stops',
};

export function createRuns({ backend, holder, log, claims }: RunsOptions): Runs {
  const runs = new Map<string, Run>();
  let stopped = false;

  async function look(): Promise<void> {
    const looked = [...runs];
    if (looked.length === 0) return;
    try {
      const rows = await backend.lookAt(looked.map(([id]) => id));
      const byId = new Map(rows.map((row) => [row.id, row]));
      // A run that began meanwhile is not the one that was looked at.
      for (const [id, run] of looked) if (runs.get(id) === run) judge(run, byId.get(id));
    } catch (error) {
      for (const [, run] of looked) giveUpUnrenewed(run);
      throw error;
    }
  }

  /** A store that cannot be asked does not tell who has the job by now. */
  function giveUpUnrenewed({ kind, abort, renewedAt }: Run): void {
    if (systemClock() - renewedAt >= kind.lockMs) abort.abort(new JobStopped('lost'));
  }

  function judge(run: Run, row: { holder: string | null; cancelled: boolean } | undefined): void {
    if (row?.holder !== holder) run.abort.abort(new JobStopped('lost'));
    else if (row.cancelled) run.abort.abort(new JobStopped('cancelled'));
  }

  async function perform({ kind, abort }: Run, job: Job<unknown>, renewal: Renewal): Promise<void> {
    const id = String(job.attrs._id);
    // It may have been cancelled while its last process died.
    await look().catch(() => {});
    abort.signal.throwIfAborted();
    const end = await kind.run(dataOf(job), {
      id,
      signal: abort.signal,
      log: log.child({ jobId: id, job: kind.name }),
      progress: (percent) => renewal.now(Math.min(Math.max(percent, 0), 100)),
    });
    if (end) job.attrs.nextRunAt = new Date(end.againAt);
  }

  /** What a run that threw comes to; throws again what Agenda is to count as a failure. */
  async function settle(error: unknown, { kind, abort }: Run, job: Job<unknown>): Promise<void> {
    const reason: unknown = abort.signal.reason;
    const about = { jobId: String(job.attrs._id), job: kind.name };
    if (reason instanceof JobStopped) {
      log.info({ ...about, why: reason.why }, 'a job was stopped');
      // One that was cancelled is over; any other is not done, and must not be saved as done.
      if (reason.why !== 'cancelled') await claims.letGo(about.jobId);
      return;
    }
    const failures = (job.attrs.failCount ?? 0) + 1;
    const retryIn = kind.retryAfter[failures - 1] ?? null;
    log[retryIn === null ? 'error' : 'warn']({ ...about, err: error, failures, retryIn }, 'a job failed');
    throw error;
  }

  return {
    async run(kind, job) {
      const id = String(job.attrs._id);
      if (stopped) return claims.letGo(id);
      const run = { kind, abort: new AbortController(), renewedAt: systemClock() };
      runs.set(id, run);
      const renewal = startRenewal(run, job, claims.repository.saveJobState, holder);
      try {
        await perform(run, job, renewal);
      } catch (error) {
        await settle(error, run, job);
      } finally {
        await renewal.stop();
        runs.delete(id);
      }
    },
    look,
    stop() {
      stopped = true;
      for (const { abort } of runs.values()) abort.abort(new JobStopped('stopping'));
    },
  };
}

/** Only `request` writes data, as the text of a value of the kind's own; what is repeated has none. */
function dataOf(job: Job<unknown>): never {
  return (typeof job.attrs.data === 'string' ? JSON.parse(job.attrs.data) : {}) as never;
}

type Renewal = { now(progress: number): Promise<void>; stop(): Promise<void> };

/** Keeps the lock while the job runs. One save after the other, and none after the last: its end must not be overtaken. */
function startRenewal(
  run: Run,
  job: Job<unknown>,
  save: Claims['repository']['saveJobState'],
  holder: string,
): Renewal {
  let last: Promise<void> = Promise.resolve();

  async function renew(): Promise<void> {
    const at = systemClock();
    job.attrs.lockedAt = new Date(at);
    await save(job.attrs, { lastModifiedBy: holder });
    run.renewedAt = at;
  }

  function now(): Promise<void> {
    const renewed = last.then(renew);
    last = renewed.catch(() => {});
    return renewed;
  }

  // What goes wrong shows when the job is looked after: taken over, or not renewed for too long.
  const heartbeat = setInterval(() => void now().catch(() => {}), run.kind.lockMs / 3);
  return {
    now(progress) {
      job.attrs.progress = progress;
      return now();
    },
    async stop() {
      clearInterval(heartbeat);
      await last;
    },
  };
}
