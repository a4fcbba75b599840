import type { JobKind, Jobs } from '../jobs/jobs.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import type { SyncStore } from './channel-store.ts';
import { callLanes } from './sync-lanes.ts';
import type { SyncService } from './sync-service.ts';

/** Courses nobody opened for this long are left alone, in milliseconds. */
const VISITED_WITHIN = 30 * 24 * 3_600_000;
/** Channels asked for at once: courses that fell due together are spread over the following rounds. */
const AT_ONCE = 200;
/** Runs begin within this part of the interval, and within this time in milliseconds, so that they do not begin together ever after. */
const SPREAD = { share: 0.1, most: 10 * 60_000 };

export type ScheduleDeps = {
  syncs: Pick<SyncStore, 'channelsDueForSync' | 'platformsWithSyncs'>;
  syncService: Pick<SyncService, 'request'>;
  jobs: Pick<Jobs, 'request'>;
  clock: Clock;
  random: Random;
  intervalMs: number;
};

/** A round of the schedule: asks for a sync of the channels that had none for `intervalMs`, a few at a time. */
export function createSyncSchedule(deps: ScheduleDeps): JobKind<object> {
  return {
    name: 'schedule-syncs',
    ...ROUND,
    async run(_data, { signal }) {
      const now = deps.clock();
      const due = { launchedSince: now - VISITED_WITHIN, askedBefore: now - deps.intervalMs, limit: AT_ONCE };
      for (const channelId of await deps.syncs.channelsDueForSync(due)) {
        if (signal.aborted) break;
        const notBefore = now + spreadOf(deps);
        await deps.syncService.request({ channelId, trigger: 'schedule', requestedBy: null, notBefore });
      }
      return null;
    },
  };
}

/** Calls the lanes of platforms with runs whose time has come, and of those whose call was lost with a process. */
export function createLaneCalls(deps: Pick<ScheduleDeps, 'syncs' | 'jobs' | 'clock'>): JobKind<object> {
  return {
    name: 'call-sync-lanes',
    ...ROUND,
    async run() {
      for (const platformId of await deps.syncs.platformsWithSyncs(deps.clock()))
        await callLanes(deps.jobs, platformId);
      return null;
    },
  };
}

/** A round that fails is followed by the next one. */
const ROUND = { atOnce: 1, lockMs: 30_000, retryAfter: [] };

function spreadOf({ intervalMs, random }: ScheduleDeps): number {
  const fraction = random(4).readUInt32BE() / 2 ** 32;
  return Math.floor(fraction * Math.min(intervalMs * SPREAD.share, SPREAD.most));
}
