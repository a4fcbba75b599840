import type { ChannelId } from './channel.ts';
import type { SyncStore } from './channel-store.ts';
import type { RosterState } from './roster-page.ts';

/** What a page tells of a channel's roster. */
export async function rosterState(
  deps: { syncs: Pick<SyncStore, 'lastSync' | 'listSyncs'> },
  channelId: ChannelId,
  courses: readonly { rosterUrl: string | null }[],
): Promise<RosterState> {
  const [latest = null] = await deps.syncs.listSyncs(channelId, 1);
  return {
    latest,
    lastApplied: latest?.state === 'applied' ? latest : await deps.syncs.lastSync(channelId, ['applied']),
    held: await deps.syncs.lastSync(channelId, ['held']),
    offered: courses.some((course) => course.rosterUrl !== null),
  };
}
