import type { Connection } from 'mongoose';
import type { ChannelId } from '../../channels/channel.ts';
import type { SyncStore } from '../../channels/channel-store.ts';
import { channelModel } from './channel-documents.ts';
import { type ContextDocument, contextModel } from './context-documents.ts';
import { rowsOf } from './model.ts';
import { platformModel } from './platform-documents.ts';
import { inSlices } from './slices.ts';
import { syncRunModel } from './sync-documents.ts';

type Visited = Pick<ContextDocument, 'channelId' | 'platformId'>;

/** Courses looked at with one question each to the runs and to the channels. */
const AT_ONCE = 1000;

/**
 * `channelsDueForSync`. Walks the courses that were visited, the latest first, and asks of each thousand which had a run
 * since. Most had one when many are visited, and are answered by index entries alone: 100,000 courses are 100 slices of
 * them; documents of channels are read only of courses that are due.
 */
export function createDueChannels(db: Connection): SyncStore['channelsDueForSync'] {
  const contexts = rowsOf(contextModel(db));
  const channels = rowsOf(channelModel(db));
  const runs = rowsOf(syncRunModel(db));
  const platforms = rowsOf(platformModel(db));

  async function dueAmong(visited: Visited[], askedBefore: number): Promise<ChannelId[]> {
    const ids = [...new Set(visited.map(({ channelId }) => channelId))];
    const since = await runs.distinct('channelId', { channelId: { $in: ids }, queuedAt: { $gte: askedBefore } });
    const underWay = await runs.distinct('activeKey', { activeKey: { $in: ids } });
    const asked = new Set([...since, ...underWay]);
    const left = ids.filter((id) => !asked.has(id));
    if (left.length === 0) return [];
    const automatic = { life: 'kept', 'sync.automatic': true } as const;
    const found = await channels.find({ _id: { $in: left }, ...automatic }, { projection: { _id: 1 } }).toArray();
    const syncing = new Set<string>(found.map(({ _id }) => _id));
    return left.filter((id) => syncing.has(id));
  }

  return async ({ launchedSince, askedBefore, limit }) => {
    const active = new Set<string>(await platforms.distinct('_id', { status: 'active' }));
    const walk = contexts
      .find({ lastLaunchAt: { $gte: launchedSince }, rosterUrl: { $gt: '' } })
      .sort({ lastLaunchAt: -1 })
      .project<Visited>({ _id: 0, channelId: 1, platformId: 1 })
      .batchSize(AT_ONCE);
    const due = new Set<ChannelId>();
    for await (const slice of inSlices(walk, AT_ONCE)) {
      const visited = slice.filter(({ platformId }) => active.has(platformId));
      for (const id of await dueAmong(visited, askedBefore)) due.add(id);
      if (due.size >= limit) break;
    }
    return [...due].slice(0, limit);
  };
}
