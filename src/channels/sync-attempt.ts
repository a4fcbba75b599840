import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { isOfDeadProcess, processName } from '../lib/process-name.ts';
import type { LeaseStore, SyncStore } from './channel-store.ts';
import { RunTakenOver } from './sync-roster.ts';
import { isUnderWay, type SyncRun } from './sync-run.ts';

export type SyncAttemptDeps = {
  syncs: SyncStore;
  leases: LeaseStore;
  /** Does one run to its end; see `syncRoster`. */
  sync: (run: SyncRun, signal: AbortSignal, log: Logger) => Promise<SyncRun>;
  /** Whether an error means that the store is not there at the moment. */
  isOutage: (error: unknown) => boolean;
  clock: Clock;
  random: Random;
  /** How long a run of a process that died stays locked, in milliseconds. */
  leaseMs?: number;
};

/**
 * One attempt at a run: as it stands afterwards, or null when another process works on its channel. Throws when the store
 * went away: nothing was decided, and the run goes on once it is back.
 */
export type SyncAttempt = (run: SyncRun, job: { signal: AbortSignal; log: Logger }) => Promise<SyncRun | null>;

/** A run that never ends may be what takes the process down: begun this often, it is tried at longer and longer pauses. */
const MANY_RESTARTS = 20;
const PAUSE = 30_000;
const LONGEST_PAUSE = 10 * 60_000;

/** Makes the function that takes the lease of a run's channel, does the run, and settles what a fault of ours left. */
export function createSyncAttempt(deps: SyncAttemptDeps): SyncAttempt {
  const { syncs, leases, clock } = deps;
  const leaseMs = deps.leaseMs ?? 15_000;

  async function runCounted(run: SyncRun, signal: AbortSignal, log: Logger): Promise<SyncRun | null> {
    const attempt = countedAttempt(run, clock());
    try {
      if (attempt !== run && !(await syncs.saveSync(attempt))) return null;
      return await deps.sync(attempt, signal, log);
    } catch (error) {
      return settle(attempt, error, log);
    }
  }

  async function settle(attempt: SyncRun, error: unknown, log: Logger): Promise<SyncRun | null> {
    if (error instanceof RunTakenOver) return null;
    if (deps.isOutage(error)) {
      log.error({ err: error }, 'roster sync broke off, as the store failed; it goes on later');
      throw error;
    }
    log.error({ err: error }, 'roster sync stopped by a fault of ours');
    const fresh = (await syncs.findSync(attempt.id)) ?? attempt;
    // A later attempt is at it, and is no business of this one.
    if (fresh.restarts > attempt.restarts) return null;
    const settled = afterFault(fresh, clock());
    return (await syncs.saveSync(settled)) ? settled : null;
  }

  return async (run, { signal, log }) => {
    const name = `sync:${run.channelId}`;
    const holder = processName(deps.random);
    if (!(await leases.acquireLease(name, holder, clock(), clock() + leaseMs))) return null;
    const lost = new AbortController();
    const heartbeat = setInterval(() => {
      leases.renewLease(name, holder, clock(), clock() + leaseMs).then(
        (kept) => kept || lost.abort(new Error('the lease was lost')),
        (error: unknown) => log.warn({ err: error }, 'could not renew the lease of a roster sync'),
      );
    }, leaseMs / 3);
    try {
      const fresh = await syncs.findSync(run.id);
      if (!fresh || !isUnderWay(fresh)) return fresh;
      const runLog = log.child({ syncId: run.id, channelId: run.channelId });
      return await runCounted(fresh, AbortSignal.any([signal, lost.signal]), runLog);
    } finally {
      clearInterval(heartbeat);
      await leases.releaseLease(name, holder);
    }
  };
}

/** Lets go of what processes of this machine held that were killed: they need not be waited for. */
export async function releaseLeasesOfTheDead(leases: LeaseStore): Promise<void> {
  for (const { name, holder } of await leases.listLeases()) {
    if (isOfDeadProcess(holder)) await leases.releaseLease(name, holder);
  }
}

// The number of the attempt fences off a process that lost its lease and wakes up late. Its pause is written before it
// begins, for nobody can write it once the process is gone.
function countedAttempt(run: SyncRun, now: number): SyncRun {
  if (run.state === 'queued') return { ...run, notBefore: null };
  const restarts = run.restarts + 1;
  const pause = Math.min((restarts - MANY_RESTARTS) * PAUSE, LONGEST_PAUSE);
  return { ...run, restarts, notBefore: pause > 0 ? now + pause : null };
}

/** A diff that was begun is finished, however long it takes; before that, nothing was changed and the run may fail. */
function afterFault(run: SyncRun, now: number): SyncRun {
  if (run.phase === 'applying') return { ...run, notBefore: now + PAUSE };
  return { ...run, state: 'failed', phase: null, reason: 'internal', finishedAt: now };
}
