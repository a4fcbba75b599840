import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { isOfDeadProcess, processName } from '../lib/process-name.ts';
import type { LeaseStore, SyncStore } from './channel-store.ts';
import { createWaitingRuns } from './sync-queue.ts';
import { RunTakenOver } from './sync-roster.ts';
import type { SyncRun } from './sync-run.ts';
import type { SyncQueue } from './sync-service.ts';

/** Does queued runs in this process, a few at a time, and finds those that a crash or another process left. */
export type SyncRunner = SyncQueue & {
  /** Looks for runs to do now and every `pollMs` from then on. */
  start(): Promise<void>;
  /** Resolves when nothing is queued or running here; for commands and tests. */
  idle(): Promise<void>;
  /** Stops taking runs and lets go of those under way; they are repeated at the next start. */
  stop(): Promise<void>;
};

export type SyncRunnerDeps = {
  syncs: SyncStore;
  leases: LeaseStore;
  /** Does one run to its end; see `syncRoster`. */
  sync: (run: SyncRun, signal: AbortSignal) => Promise<SyncRun>;
  clock: Clock;
  random: Random;
  log: Logger;
  /** How long a run of a process that died stays locked, in milliseconds. */
  leaseMs?: number;
  pollMs?: number;
};

/** Canvas counts all calls of one client in one bucket: more than two at a time slow each other down. */
const PER_PLATFORM = 2;
/** Runs mostly wait for an LMS; so many may, before one slow LMS keeps others from being asked. */
const IN_ALL = 12;
/** Runs are read into memory this many at a time, when fewer than half of them wait. */
const LOOK_AHEAD = 500;
/** A run that never ends may be what takes the process down: begun this often, it is tried at longer and longer pauses. */
const MANY_RESTARTS = 20;
const PAUSE = 30_000;
const LONGEST_PAUSE = 10 * 60_000;

export function createSyncRunner(deps: SyncRunnerDeps): SyncRunner {
  const { syncs, leases, clock, log } = deps;
  const leaseMs = deps.leaseMs ?? 15_000;
  const holder = processName(deps.random);
  const beganAt = clock();
  const waiting = createWaitingRuns();
  const active = new Map<SyncRun['id'], { run: SyncRun; abort: AbortController; done: Promise<void> }>();
  /** Runs that a fault of ours stopped half-way, and when each may go on. */
  const notBefore = new Map<SyncRun['id'], number>();
  let stopped = false;
  let poll: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  function add(run: SyncRun): void {
    if (!active.has(run.id) && !waiting.has(run.id)) waiting.add(run);
  }

  function startNext(): void {
    while (!stopped && active.size < IN_ALL) {
      const next = waiting.take((platformId) => runningOn(platformId) < PER_PLATFORM);
      if (!next) return;
      begin(next);
    }
  }

  function runningOn(platformId: SyncRun['platformId']): number {
    let running = 0;
    for (const { run } of active.values()) if (run.platformId === platformId) running += 1;
    return running;
  }

  function begin(run: SyncRun): void {
    const abort = new AbortController();
    const done = runLeased(run, abort)
      .catch((error: unknown) => log.error({ err: error, syncId: run.id }, 'roster sync broke off'))
      .finally(() => {
        active.delete(run.id);
        startNext();
      });
    active.set(run.id, { run, abort, done });
  }

  async function runLeased(run: SyncRun, abort: AbortController): Promise<void> {
    const name = `sync:${run.channelId}`;
    if (!(await leases.acquireLease(name, holder, clock(), clock() + leaseMs))) return;
    const heartbeat = setInterval(() => void renew(name, abort), leaseMs / 3);
    try {
      const fresh = await syncs.findSync(run.id);
      if (fresh && isUnfinished(fresh)) await runCounted(fresh, abort.signal);
    } finally {
      clearInterval(heartbeat);
      await leases.releaseLease(name, holder);
    }
  }

  async function renew(name: string, abort: AbortController): Promise<void> {
    const kept = await leases.renewLease(name, holder, clock(), clock() + leaseMs).catch(() => true);
    if (!kept) abort.abort(new Error('the lease was lost'));
  }

  async function runCounted(run: SyncRun, signal: AbortSignal): Promise<void> {
    // The number of the attempt fences off a process that lost its lease and wakes up late.
    const attempt = run.state === 'running' ? { ...run, restarts: run.restarts + 1 } : run;
    try {
      if (attempt !== run && !(await syncs.saveSync(attempt))) return;
      await deps.sync(attempt, signal);
    } catch (error) {
      if (error instanceof RunTakenOver) return;
      log.error({ err: error, syncId: run.id, channelId: run.channelId }, 'roster sync stopped by a fault of ours');
      await settleFault((await syncs.findSync(run.id)) ?? attempt);
    }
  }

  /** A diff that was begun is finished, however long it takes; before that, nothing was changed and the run may fail. */
  async function settleFault(run: SyncRun): Promise<void> {
    if (run.phase === 'applying') notBefore.set(run.id, clock() + PAUSE);
    else await syncs.saveSync({ ...run, state: 'failed', phase: null, reason: 'internal', finishedAt: clock() });
  }

  async function look(): Promise<void> {
    if (waiting.size < LOOK_AHEAD / 2) {
      for (const run of await syncs.unfinishedSyncs({ limit: LOOK_AHEAD })) if (!isPaused(run, clock())) add(run);
    }
    startNext();
  }

  function isPaused(run: SyncRun, now: number): boolean {
    const pause = Math.min((run.restarts - MANY_RESTARTS) * PAUSE, LONGEST_PAUSE);
    return now < Math.max(beganAt + pause, notBefore.get(run.id) ?? 0);
  }

  return {
    enqueue(run) {
      if (stopped) return;
      add(run);
      startNext();
    },
    async start() {
      await releaseLeasesOfTheDead(leases, holder);
      await look();
      poll = setInterval(() => {
        looking = look().catch((error: unknown) => log.error({ err: error }, 'could not look for syncs'));
      }, deps.pollMs ?? 5_000);
      poll.unref();
    },
    async idle() {
      while (active.size > 0) await Promise.all([...active.values()].map(({ done }) => done));
    },
    async stop() {
      stopped = true;
      clearInterval(poll);
      waiting.clear();
      for (const { abort } of active.values()) abort.abort(new Error('stopping'));
      await Promise.all([looking, ...[...active.values()].map(({ done }) => done)]);
    },
  };
}

/** A process that was killed a moment ago on this machine need not be waited for. */
async function releaseLeasesOfTheDead(leases: LeaseStore, self: string): Promise<void> {
  for (const { name, holder } of await leases.listLeases()) {
    if (holder !== self && isOfDeadProcess(holder)) await leases.releaseLease(name, holder);
  }
}

function isUnfinished(run: SyncRun): boolean {
  return run.state === 'queued' || run.state === 'running';
}
