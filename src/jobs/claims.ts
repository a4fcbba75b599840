import type { JobParameters, JobRepository, JobRepositoryOptions } from 'agenda';
import type { Logger } from 'pino';
import { sleep, systemClock } from '../lib/clock.ts';
import type { JobBackend } from './job-backend.ts';
import type { AnyKind } from './job-kind.ts';
import { JobNotHeld } from './job-rules.ts';

/** The jobs that this process has locked, and the repository through which Agenda locks and ends them. */
export type Claims = {
  repository: JobRepository;
  /** Unlocks a job that is not done, so that whoever is free begins it anew; its end is saved no more. */
  letGo(id: string): Promise<void>;
  /** Claims nothing more; resolves when nothing is being claimed. */
  close(): Promise<void>;
  /** Resolves when this process has locked nothing any more. */
  ended(): Promise<void>;
};

export type ClaimsOptions = {
  inner: JobRepository;
  backend: Pick<JobBackend, 'release'>;
  holder: string;
  log: Logger;
  kinds: ReadonlyMap<string, Pick<AnyKind, 'atOnce' | 'lockMs'>>;
  pollMs: number;
  /** Called with the name of a kind when it may take another job. */
  onFree: (name: string) => void;
};

type Claim = { name: string; at: number; begun: boolean; forfeited: boolean };

/**
 * Agenda 6.2.6 counts locks, too, but never again those that ran out before their job began, claims on after it was
 * stopped, and unlocks what others have locked meanwhile. So claims are counted and given back here.
 */
export function createClaims({ inner, backend, holder, log, kinds, pollMs, onFree }: ClaimsOptions): Claims {
  const claims = new Map<string, Claim>();
  const claiming = new Map<Promise<unknown>, string>();
  let closed = false;
  let whenEnded: (() => void)[] = [];

  function isFree(name: string, lockDeadline: number): boolean {
    let taken = 0;
    for (const [id, claim] of claims) {
      if (claim.name !== name) continue;
      // Its lock ran out in Agenda's queue: it is not going to begin.
      if (!claim.begun && claim.at <= lockDeadline) forget(id);
      else taken += 1;
    }
    for (const of of claiming.values()) if (of === name) taken += 1;
    return taken < (kinds.get(name)?.atOnce ?? 0);
  }

  async function claim(name: string, lockDeadline: Date, options: JobRepositoryOptions | undefined) {
    const at = systemClock();
    // What is due, and not what is due by the next poll: that would be locked, and waited for.
    const job = await inner.getNextJobToRun(name, new Date(at), lockDeadline, undefined, options);
    if (!job) return undefined;
    const id = String(job._id);
    const known = claims.get(id);
    if (closed || known?.forfeited) {
      await release(id);
      return undefined;
    }
    // Its own run, whose lock ran out while the process or the store stood still, has it again and goes on.
    if (known?.begun) return undefined;
    claims.set(id, { name, at, begun: false, forfeited: false });
    return job;
  }

  async function release(id: string): Promise<void> {
    try {
      await backend.release(holder, systemClock(), [id]);
    } catch (error) {
      // Then others wait until the lock runs out.
      log.warn({ err: error, jobId: id }, 'a job was not unlocked');
    }
  }

  function forget(id: string): void {
    claims.delete(id);
    if (claims.size > 0) return;
    for (const tell of whenEnded) tell();
    whenEnded = [];
  }

  async function goOn(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<void> {
    const id = String(job._id);
    const known = claims.get(id);
    if (!known || known.forfeited) throw new JobNotHeld(id);
    const isBeginning = !known.begun;
    known.begun = true;
    try {
      await inner.saveJobState(job, options);
    } catch (error) {
      if (isBeginning) forget(id);
      throw error;
    }
  }

  async function end(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<void> {
    const id = String(job._id);
    const known = claims.get(id);
    if (!known) throw new JobNotHeld(id);
    try {
      if (known.forfeited) throw new JobNotHeld(id);
      await saveEnd(job, options);
    } catch (error) {
      // Agenda says nothing of it.
      if (!known.forfeited) log.warn({ err: error, jobId: id, job: job.name }, 'the end of a job was not saved');
      throw error;
    } finally {
      forget(id);
      onFree(job.name);
    }
  }

  /** Work that is done must not be done again because the store was away for a moment: tried for as long as the lock holds. */
  async function saveEnd(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<void> {
    const until = systemClock() + (kinds.get(job.name)?.lockMs ?? 0);
    for (;;) {
      try {
        return await inner.saveJobState(job, options);
      } catch (error) {
        if (error instanceof JobNotHeld || systemClock() >= until) throw error;
        await sleep(pollMs);
      }
    }
  }

  /** Agenda does not wait for it, so it never rejects. */
  async function unlock(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await release(id);
      forget(id);
    }
  }

  return {
    repository: {
      ...passOn(inner),
      async getNextJobToRun(name, _nextScanAt, lockDeadline, _now, options) {
        if (closed || !isFree(name, lockDeadline.getTime())) return undefined;
        const asked = claim(name, lockDeadline, options);
        claiming.set(asked, name);
        return asked.finally(() => claiming.delete(asked));
      },
      saveJobState: (job, options) => (job.lockedAt ? goOn(job, options) : end(job, options)),
      unlockJob: ({ _id }) => unlock(_id ? [_id] : []),
      unlockJobs: (ids) => unlock(ids),
    },
    async letGo(id) {
      const known = claims.get(id);
      if (known) known.forfeited = true;
      await release(id);
    },
    async close() {
      closed = true;
      await Promise.allSettled(claiming.keys());
      // Until Agenda has put on its list what it was given.
      await new Promise((resolve) => setImmediate(resolve));
    },
    async ended() {
      if (claims.size > 0) await new Promise<void>((resolve) => whenEnded.push(resolve));
    },
  };
}

type Guarded = 'getNextJobToRun' | 'saveJobState' | 'unlockJob' | 'unlockJobs';

/** What is done as the backend does it. By name: a method that a new version of Agenda adds is a decision to take here. */
function passOn(inner: JobRepository): Omit<JobRepository, Guarded> {
  return {
    connect: () => inner.connect(),
    queryJobs: (options) => inner.queryJobs(options),
    getJobsOverview: () => inner.getJobsOverview(),
    getDistinctJobNames: () => inner.getDistinctJobNames(),
    getJobById: (id) => inner.getJobById(id),
    getQueueSize: () => inner.getQueueSize(),
    removeJobs: (options) => inner.removeJobs(options),
    saveJob: (job, options) => inner.saveJob(job, options),
    lockJob: (job, options) => inner.lockJob(job, options),
    disableJobs: (options) => inner.disableJobs(options),
    enableJobs: (options) => inner.enableJobs(options),
    purgeAllJobs: () => inner.purgeAllJobs(),
  };
}
