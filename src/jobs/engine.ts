import { Agenda, InMemoryNotificationChannel, type JobId } from 'agenda';
import type { Logger } from 'pino';
import { systemClock } from '../lib/clock.ts';
import { isOfDeadProcess } from '../lib/process-name.ts';
import { createClaims } from './claims.ts';
import type { JobBackend } from './job-backend.ts';
import type { AnyKind, Every } from './job-kind.ts';
import { createRuns } from './runs.ts';

/** Agenda at work in this process. */
export type JobEngine = {
  /** Looks for jobs of this name now, instead of at the next poll. */
  wake(name: string): void;
  /** Looks now for jobs to stop. */
  look(): void;
  stop(): Promise<void>;
};

export type EngineOptions = {
  backend: JobBackend;
  kinds: readonly AnyKind[];
  every: readonly Every[];
  holder: string;
  log: Logger;
  pollMs: number;
};

const FAILED_KEPT_MS = 30 * 24 * 60 * 60_000;
const TIDYING_EVERY_MS = 60 * 60_000;

export async function startEngine(options: EngineOptions): Promise<JobEngine> {
  const { backend, holder, log, pollMs } = options;
  const kinds = new Map([...options.kinds, ...options.every.map(({ kind }) => kind)].map((kind) => [kind.name, kind]));
  await releaseJobsOfTheDead(backend, holder);
  // Tells Agenda in this process alone that there may be a job; other processes poll.
  const channel = new InMemoryNotificationChannel();
  const wake = (name: string) => void (channel.state === 'connected' && channel.publish(anyJobOf(name)));
  // Once Agenda, too, has noticed that a run has ended.
  const onFree = (name: string) => setImmediate(() => wake(name));
  const inner = await backend.repository();
  const claims = createClaims({ inner, backend, holder, log, kinds, pollMs, onFree });
  const runs = createRuns({ backend, holder, log, claims });

  const agenda = new Agenda({
    name: holder,
    backend: {
      ...{ name: 'rostrum', repository: claims.repository, ownsConnection: false },
      connect: async () => {},
      disconnect: async () => {},
    },
    notificationChannel: channel,
    processEvery: pollMs,
    maxConcurrency: [...kinds.values()].reduce((sum, { atOnce }) => sum + atOnce, 0),
  });
  agenda.on('error', logOften(log));
  for (const kind of kinds.values()) define(agenda, kind, (job) => runs.run(kind, job));
  for (const { kind, intervalMs } of options.every) await agenda.every(intervalMs, kind.name);
  await agenda.start();

  const look = () => void runs.look().catch((error: unknown) => log.warn({ err: error }, 'could not look after jobs'));
  const tidy = () =>
    void backend
      .removeFailed(systemClock() - FAILED_KEPT_MS)
      .catch((error: unknown) => log.warn({ err: error }, 'old failed jobs were not removed'));
  tidy();
  const timers = [setInterval(look, pollMs).unref(), setInterval(tidy, TIDYING_EVERY_MS).unref()];
  return {
    wake,
    look,
    async stop() {
      await claims.close();
      // Unlocks those that have not begun; whatever runs is told to end, and then lets go itself.
      await agenda.stop(false);
      runs.stop();
      await claims.ended();
      for (const timer of timers) clearInterval(timer);
    },
  };
}

/** A process that was killed a moment ago on this machine need not be waited for. */
async function releaseJobsOfTheDead(backend: JobBackend, self: string): Promise<void> {
  for (const holder of await backend.holders()) {
    if (holder !== self && isOfDeadProcess(holder)) await backend.release(holder, systemClock());
  }
}

function anyJobOf(jobName: string) {
  return { jobId: '' as JobId, jobName, nextRunAt: null, priority: 0, timestamp: new Date() };
}

type Processor = Parameters<Agenda['define']>[1];

function define(agenda: Agenda, { name, atOnce, lockMs, retryAfter }: AnyKind, run: Processor): void {
  agenda.define(name, run, {
    concurrency: atOnce,
    lockLifetime: lockMs,
    backoff: ({ attempt }) => retryAfter[attempt - 1] ?? null,
  });
}

/** Agenda asks every second; a store that is away for an hour must not fill the log. */
function logOften(log: Logger): (error: Error) => void {
  let last = { message: '', at: 0 };
  return (error) => {
    const now = systemClock();
    if (error.message === last.message && now - last.at < 60_000) return;
    last = { message: error.message, at: now };
    log.warn({ err: error }, 'the job engine met an error');
  };
}
