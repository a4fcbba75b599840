import { newActivity, writeState } from '../channels/activity.ts';
import type { ActivityEvent } from '../channels/channel-store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import type { Recording } from './recording.ts';

/** What the activity keeps of somebody, or a link, asking for a recording. */
export function importNote(
  deps: { clock: Clock; random: Random },
  { id, title, platformId, ownerId, channelId, visibility }: Recording,
  actor: string,
): ActivityEvent {
  const to = writeState({ recordingId: id, title, visibility, channelId });
  return newActivity(deps, { action: 'recording.import', actor, platformId, channelId, subjectUserId: ownerId, to });
}
