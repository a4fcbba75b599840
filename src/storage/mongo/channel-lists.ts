import type { Connection, mongo } from 'mongoose';
import type { ChannelId } from '../../channels/channel.ts';
import type { ChannelFilter, ChannelStore } from '../../channels/channel-store.ts';
import type { PageRequest } from '../../lib/page.ts';
import { positionOf, toPage } from '../paging.ts';
import { type ChannelDocument, channelModel, referenceKeyOf, toChannel } from './channel-documents.ts';
import { contextKey, contextModel } from './context-documents.ts';
import { rowsOf } from './model.ts';

/** Lists of channels, oldest first. */
export function createChannelLists(db: Connection): ChannelStore['listChannels'] {
  const channels = rowsOf(channelModel(db));
  const contexts = rowsOf(contextModel(db));

  async function ofContext({ platformId, contextId }: ChannelFilter): Promise<mongo.Filter<ChannelDocument>> {
    if (contextId === undefined) return {};
    const key = platformId === undefined ? { contextId } : { _id: contextKey({ platformId, contextId }) };
    const found = await contexts.find(key, { projection: { channelId: 1 } }).toArray();
    return { _id: { $in: found.map(({ channelId }) => channelId) } };
  }

  return async (filter, page) => {
    const where = { ...wanted(filter), ...behind(page), ...(await ofContext(filter)) };
    const found = await channels
      .find(where)
      .sort({ createdAt: 1, _id: 1 })
      .limit(page.limit + 1)
      .toArray();
    return toPage(found, page.limit, { item: toChannel, position: ({ createdAt, _id }) => [createdAt, _id] });
  };
}

function wanted({ platformId, referenceId, deleted }: ChannelFilter): mongo.Filter<ChannelDocument> {
  return {
    life: deleted ? 'deleted' : 'kept',
    ...(platformId === undefined ? {} : { platformId }),
    ...(referenceId === undefined ? {} : { referenceId }),
    // At most one, by its unique index.
    ...(platformId === undefined || referenceId === undefined
      ? {}
      : { referenceKey: referenceKeyOf(platformId, referenceId) }),
  };
}

function behind(page: PageRequest): mongo.Filter<ChannelDocument> {
  const [createdAt, id] = positionOf(page, ['number', 'string']) ?? [];
  if (createdAt === undefined || id === undefined) return {};
  return {
    createdAt: { $gte: createdAt },
    $or: [{ createdAt: { $gt: createdAt } }, { _id: { $gt: id as ChannelId } }],
  };
}
