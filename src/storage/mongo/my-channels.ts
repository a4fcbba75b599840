import type { Connection, mongo } from 'mongoose';
import type { ChannelId, UserId } from '../../channels/channel.ts';
import {
  type ChannelPerson,
  type ChannelStore,
  MOST_COUNTED,
  type MyChannelsFilter,
} from '../../channels/channel-store.ts';
import type { PermissionLevel } from '../../channels/permission-level.ts';
import type { PageRequest } from '../../lib/page.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { type ChannelDocument, channelModel, placeOf, placeParts, toChannel, visitorsOf } from './channel-documents.ts';
import { membershipModel } from './membership-documents.ts';
import { rowsOf } from './model.ts';

type Levels = ReadonlyMap<ChannelId, PermissionLevel>;

/** Which channels a scope is made of, by the index that finds them; the level of those the person is an active member of. */
type Scope = { where: mongo.Filter<ChannelDocument>; index: string; levels: Levels };

/**
 * The channels of one person. What they belong to is read first, from an index alone: a few entries, and thousands for
 * very few people. The channels are then picked by one index whose entries hold all that is compared, the searched text
 * included, so that no document is read but those of the page.
 */
export function createMyChannels(db: Connection): ChannelStore['listMyChannels'] {
  const channels = rowsOf(channelModel(db));
  const scopes = createScopes(db);
  return async (person, { scope, q }, page) => {
    const { where, index, levels } = await scopes[scope](person);
    const wanted = { ...where, ...matching(memberSearch(q)) };
    const found =
      page.limit === 0
        ? []
        : await channels
            .find({ ...wanted, ...behind(page) })
            .sort({ place: 1 })
            .limit(page.limit + 1)
            .hint(index)
            .toArray();
    const counted = await channels.countDocuments(wanted, { limit: MOST_COUNTED + 1, hint: index });
    const total = Math.min(counted, MOST_COUNTED);
    const shown = toPage(found, page.limit, {
      item: (doc) => ({ channel: toChannel(doc), level: levels.get(doc._id) ?? null }),
      position: ({ place }) => placeParts(place),
    });
    return { ...shown, total, totalIsCapped: counted > total };
  };
}

function createScopes(db: Connection): Record<MyChannelsFilter['scope'], (person: ChannelPerson) => Promise<Scope>> {
  const channels = rowsOf(channelModel(db));
  const memberships = createOwnMemberships(db);

  /** The few deleted ones among many, by index entries alone. */
  async function deletedAmong(ids: ChannelId[]): Promise<ChannelId[]> {
    const found = await channels
      .find({ _id: { $in: ids }, life: 'deleted' }, { projection: { _id: 1 } })
      .hint('named')
      .toArray();
    return found.map(({ _id }) => _id);
  }

  return {
    async mine({ userId }) {
      const levels = await memberships.levels(userId);
      return { where: { _id: { $in: [...levels.keys()] }, life: 'kept' }, index: 'named', levels };
    },
    async open({ platformId, userId, tenant }) {
      // Whoever was shut out of a channel is no visitor of it either.
      const known = await memberships.known(userId);
      const where = { visitors: visitorsOf(platformId, tenant), _id: { $nin: known } };
      return { where, index: 'to_visit', levels: new Map() };
    },
    async deleted({ platformId, userId }) {
      const levels = await memberships.levels(userId);
      const managed = [...levels].filter(([, level]) => level === 'manager').map(([id]) => id);
      const owned = await channels
        .find({ ownerId: userId, life: 'deleted' }, { projection: { _id: 1 } })
        .hint('deleted_of_owner')
        .toArray();
      const ids = [...new Set([...owned.map(({ _id }) => _id), ...(await deletedAmong(managed))])];
      // Managers among them may not restore what has another owner.
      const where = { _id: { $in: ids }, life: 'deleted' as const, platformId, ownerId: { $in: [userId, null] } };
      return { where, index: '_id_', levels };
    },
  };
}

function createOwnMemberships(db: Connection) {
  const memberships = rowsOf(membershipModel(db));
  return {
    /** Of all channels the person is an active member of. */
    async levels(userId: UserId): Promise<Levels> {
      const projection = { _id: 0, channelId: 1, level: 1 };
      const found = await memberships.find({ userId, active: true }, { projection }).toArray();
      return new Map(found.map(({ channelId, level }) => [channelId, level]));
    },
    /** Channels that know the person, as a member or as somebody who was shut out. */
    async known(userId: UserId): Promise<ChannelId[]> {
      const projection = { _id: 0, channelId: 1 };
      // The value of what was removed is neither; and both, named, are found in the index.
      const found = await memberships.find({ userId, active: { $in: [true, false] } }, { projection }).toArray();
      return found.map(({ channelId }) => channelId);
    },
  };
}

/**
 * A folded text has no control characters, and no letter of it is compared in another case. A pattern, for the server
 * holds it against entries of an index, which it does with no expression.
 */
function matching(q: string | null): mongo.Filter<ChannelDocument> {
  return q === null ? {} : { search: { $regex: q.replace(/[!-/:-@[-`{-~]/g, '\\$&') } };
}

function behind(page: PageRequest): mongo.Filter<ChannelDocument> {
  const [sortKey, id] = positionOf(page, ['string', 'string']) ?? [];
  if (sortKey === undefined || id === undefined) return {};
  return { place: { $gt: placeOf(sortKey, id) } };
}
