import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { isOfDeadProcess, processName } from '../lib/process-name.ts';
import type { LeaseStore, SyncStore } from './channel-store.ts';
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
const IN_ALL = 4;
/** A run that never ends may be what takes the process down: begun this often, it is tried at longer and longer pauses. */
const MANY_RESTARTS = 20;
const PAUSE_AFTER_RESTART = 30_000;
const LONGEST_PAUSE = 10 * 60_000;

export function createSyncRunner(deps: SyncRunnerDeps): SyncRunner {
  const { syncs, leases, clock, log } = deps;
  const leaseMs = deps.leaseMs ?? 15_000;
  const holder = processName(deps.random);
  const waiting: SyncRun[] = [];
  const active = new Map<SyncRun['id'], { run: SyncRun; abort: AbortController; done: Promise<void> }>();
  let stopped = false;
  let poll: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  function enqueue(run: SyncRun): void {
    if (stopped || active.has(run.id) || waiting.some((other) => other.id === run.id)) return;
    waiting.push(run);
    startNext();
  }

  function startNext(): void {
    while (!stopped && active.size < IN_ALL) {
      const next = waiting.findIndex((run) => runningOn(run.platformId) < PER_PLATFORM);
      if (next < 0) return;
      for (const run of waiting.splice(next, 1)) begin(run);
    }
  }

  function runningOn(platformId: SyncRun['platformId']): number {
    return [...active.values()].filter(({ run }) => run.platformId === platformId).length;
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
    const begunBefore = run.state === 'running' && run.decidedBy === null;
    const counted = begunBefore ? { ...run, restarts: run.restarts + 1 } : run;
    try {
      await deps.sync(counted, signal);
    } catch (error) {
      log.error({ err: error, syncId: run.id, channelId: run.channelId }, 'roster sync failed by a fault of ours');
      const latest = (await syncs.findSync(run.id)) ?? counted;
      await syncs.saveSync({ ...latest, state: 'failed', phase: null, reason: 'internal', finishedAt: clock() });
    }
  }

  async function look(): Promise<void> {
    for (const run of await syncs.unfinishedSyncs()) if (!isPaused(run, clock())) enqueue(run);
  }

  return {
    enqueue,
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
      waiting.length = 0;
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

function isPaused(run: SyncRun, now: number): boolean {
  const pause = Math.min((run.restarts - MANY_RESTARTS) * PAUSE_AFTER_RESTART, LONGEST_PAUSE);
  return run.startedAt !== null && now < run.startedAt + pause;
}

function isUnfinished(run: SyncRun): boolean {
  return run.state === 'queued' || run.state === 'running';
}
