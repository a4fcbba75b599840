import type { Clock } from '../lib/clock.ts';
import type { SyncStore } from './channel-store.ts';
import type { SyncService } from './sync-service.ts';

/** Courses nobody opened for this long are left alone, in milliseconds. */
const VISITED_WITHIN = 30 * 24 * 3_600_000;
/** Channels asked for at once: courses that fell due together are spread over the following rounds. */
const AT_ONCE = 200;

/** One round of the schedule: asks for a sync of the channels that had none for `intervalMs`, a few at a time. */
export async function requestDueSyncs(deps: {
  syncs: Pick<SyncStore, 'channelsDueForSync'>;
  syncService: Pick<SyncService, 'request'>;
  clock: Clock;
  intervalMs: number;
}): Promise<void> {
  const now = deps.clock();
  const due = { launchedSince: now - VISITED_WITHIN, askedBefore: now - deps.intervalMs, limit: AT_ONCE };
  for (const channelId of await deps.syncs.channelsDueForSync(due)) {
    await deps.syncService.request({ channelId, trigger: 'schedule', requestedBy: null });
  }
}
