import type { Logger } from 'pino';
import { createPeopleIndexer } from './channels/index-people.ts';
import { releaseLeasesOfTheDead } from './channels/sync-attempt.ts';
import { createLaneCalls, createSyncSchedule } from './channels/sync-schedule.ts';
import type { SyncService } from './channels/sync-service.ts';
import type { Config } from './config/config.ts';
import type { AnyKind, Every, JobKind, Jobs } from './jobs/jobs.ts';
import { type Clock, yieldToRequests } from './lib/clock.ts';
import type { Random } from './lib/ids.ts';
import type { Storage } from './storage/storage.ts';
import { type SyncWiring, wireSyncLane } from './sync-wiring.ts';

export type BackgroundWork = { start(): Promise<void>; stop(): Promise<void> };

export type BackgroundDeps = Omit<SyncWiring, 'config' | 'storage'> & {
  config: SyncWiring['config'] & Pick<Config, 'syncIntervalMs'>;
  storage: Storage;
  jobs: Jobs;
  /** What other domains do beside requests. */
  domains: { kinds: AnyKind[]; every: Every[] }[];
  syncService: Pick<SyncService, 'request'>;
  clock: Clock;
  random: Random;
  log: Logger;
};

const SCHEDULE_EVERY_MS = 60_000;
const CALLS_EVERY_MS = 10_000;
const CLEANING_EVERY_MS = 60_000;
const INDEXING_EVERY_MS = 1_000;
const CLEANED_AT_ONCE = 500;

/** What a process does beside requests: syncs and their schedule, the removal of what has expired, making new people findable. */
export function createBackgroundWork(deps: BackgroundDeps): BackgroundWork {
  const { storage, jobs, log } = deps;
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  return {
    async start() {
      await releaseLeasesOfTheDead(storage.leases);
      const schedule = createSyncSchedule({ ...deps, ...storage, jobs, intervalMs: deps.config.syncIntervalMs });
      const laneCalls = createLaneCalls({ ...storage, jobs, clock: deps.clock });
      await jobs.start(
        [wireSyncLane(deps), ...deps.domains.flatMap(({ kinds }) => kinds)],
        [
          { kind: schedule, intervalMs: SCHEDULE_EVERY_MS },
          { kind: laneCalls, intervalMs: CALLS_EVERY_MS },
          { kind: createCleaning(storage, deps.clock), intervalMs: CLEANING_EVERY_MS },
          ...deps.domains.flatMap(({ every }) => every),
        ],
      );
      const index = createPeopleIndexer(storage.memberships, stopping.signal);
      const indexQuietly = () => void index().catch((error: unknown) => log.error({ err: error }, 'indexing failed'));
      timers.push(setInterval(indexQuietly, INDEXING_EVERY_MS).unref());
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      await jobs.stop();
    },
  };
}

/** Until nothing is left: what strangers can make must not grow faster than it is removed. */
function createCleaning(storage: Pick<Storage, 'removeExpired'>, clock: Clock): JobKind<object> {
  return {
    name: 'remove-expired',
    atOnce: 1,
    lockMs: 60_000,
    retryAfter: [],
    async run(_data, { signal }) {
      while (!signal.aborted && (await storage.removeExpired(clock(), CLEANED_AT_ONCE))) await yieldToRequests();
      return null;
    },
  };
}
