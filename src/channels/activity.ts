import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import type { ActivityEvent, ActivityStore } from './channel-store.ts';

export type NewActivity = Pick<ActivityEvent, 'actor' | 'action'> & Partial<Omit<ActivityEvent, 'id' | 'at'>>;

/** Notes who did what to whom; kept for the channel's activity list and the site's audit. Returns its ID. */
export async function recordActivity(
  deps: { activity: ActivityStore; clock: Clock; random: Random },
  event: NewActivity,
): Promise<string> {
  const made = newActivity(deps, event);
  await deps.activity.recordActivity(made);
  return made.id;
}

/** The event as it is stored; for verbs of a store that record it together with the change. */
export function newActivity(deps: { clock: Clock; random: Random }, event: NewActivity): ActivityEvent {
  const at = deps.clock();
  return {
    id: newId(at, deps.random),
    at,
    platformId: null,
    channelId: null,
    subjectUserId: null,
    syncId: null,
    from: null,
    to: null,
    batch: null,
    ...event,
  };
}

/** One side of a change as an event keeps it. */
export function writeState(state: object | null): string | null {
  return state === null ? null : JSON.stringify(state);
}

/** What `writeState` kept, for showing and undoing it; null for nothing, and for what is not a state. */
export function readState<State extends object>(text: string | null): Partial<State> | null {
  if (text === null || !text.startsWith('{')) return null;
  return JSON.parse(text) as Partial<State>;
}
