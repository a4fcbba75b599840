import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import type { ActivityEvent, ActivityStore } from './channel-store.ts';

type NewActivity = Pick<ActivityEvent, 'actor' | 'action'> & Partial<Omit<ActivityEvent, 'id' | 'at'>>;

/** Notes who did what to whom; kept for the channel's activity list and the site's audit. */
export async function recordActivity(
  deps: { activity: ActivityStore; clock: Clock; random: Random },
  event: NewActivity,
): Promise<void> {
  const at = deps.clock();
  await deps.activity.recordActivity({
    id: newId(at, deps.random),
    at,
    platformId: null,
    channelId: null,
    subjectUserId: null,
    syncId: null,
    from: null,
    to: null,
    ...event,
  });
}
