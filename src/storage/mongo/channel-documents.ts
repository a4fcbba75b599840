import { type Connection, type Model, Schema } from 'mongoose';
import type { Channel, ChannelId, PlatformId, UserId } from '../../channels/channel.ts';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import { wellFormed } from '../../lib/fold.ts';
import { channelSearchText, channelSortKey } from '../member-keys.ts';
import { defineModel } from './model.ts';

/**
 * A channel as it is stored. `deleted` can be restored; of a `purging` one the removal has begun, and for everybody it is
 * gone already.
 */
export type ChannelDocument = StoredChannel & {
  life: 'kept' | 'deleted' | 'purging';
  /** Where it stands in lists by name (see `placeOf`). */
  place: string;
  search: string;
  /** Present only with a reference ID: its sparse index lets each platform have an ID once. */
  referenceKey?: string;
  /** Who may visit (see `visitorsOf`); present only in channels that people who are no members may open. */
  visitors?: string;
  /** Counts the managers who went or are about to: of two who take each other's level one is asked again. */
  managerTurn: number;
  leaving: { userId: UserId; at: number }[];
  /** Events that were noted of a change and are not known to be recorded yet. */
  pending?: ActivityEvent[];
  /** The time of the oldest of `pending`; present only while there are any. */
  pendingSince?: number;
};

type StoredChannel = Omit<Channel, 'id'> & { _id: ChannelId };

/** What the domain may change, and what is made of it. */
type WrittenFields = Omit<
  ChannelDocument,
  '_id' | 'platformId' | 'createdAt' | 'managerTurn' | 'leaving' | 'pending' | 'pendingSince'
>;

/** Lives on one shard: `by_reference` holds there alone, and a platform's channels are few beside its people. */
const SCHEMA = new Schema<ChannelDocument>({
  _id: { type: String, required: true },
  platformId: { type: String, required: true },
  tenant: { type: String, default: null },
  referenceId: { type: String, default: null },
  title: String,
  label: { type: String, default: null },
  givenName: { type: String, default: null },
  description: String,
  tags: [String],
  privacy: String,
  contributionPolicy: String,
  moderated: Boolean,
  ownerId: { type: String, default: null },
  sync: { automatic: Boolean, departedOverrides: { type: String, default: null }, askBeforeRemovals: Boolean },
  deletedAt: { type: Number, default: null },
  createdAt: Number,
  updatedAt: Number,
  version: Number,
  life: { type: String, required: true },
  place: String,
  search: String,
  referenceKey: String,
  visitors: String,
  managerTurn: Number,
  leaving: [Schema.Types.Mixed],
  pending: { type: [Schema.Types.Mixed], default: undefined },
  pendingSince: Number,
})
  // openChannelForContext, updateChannel: a reference ID is unique on its platform. listChannels by both.
  .index({ referenceKey: 1 }, { name: 'by_reference', unique: true, sparse: true })
  // listChannels by a reference ID of any platform.
  .index({ referenceId: 1, createdAt: 1, _id: 1 }, { name: 'by_reference_id' })
  // listChannels, oldest first: of the whole site, and of one platform.
  .index({ life: 1, createdAt: 1, _id: 1 }, { name: 'by_age' })
  .index({ life: 1, platformId: 1, createdAt: 1, _id: 1 }, { name: 'of_platform' })
  // listMyChannels: what somebody who is in thousands of channels sees of each, without its document.
  .index({ _id: 1, life: 1, place: 1, search: 1 }, { name: 'named' })
  // listMyChannels: those that visitors may open, by name; a search reads no document that is not shown.
  .index(
    { visitors: 1, place: 1, _id: 1, search: 1 },
    { name: 'to_visit', partialFilterExpression: { visitors: { $exists: true } } },
  )
  // listMyChannels: the deleted ones of their owner.
  .index({ ownerId: 1 }, { name: 'deleted_of_owner', partialFilterExpression: { life: 'deleted' } })
  // removeExpired: those whose time for being restored is over. Those whose removal has begun are found by `by_age`.
  .index({ deletedAt: 1 }, { name: 'by_deletion', partialFilterExpression: { life: 'deleted' } })
  // removeExpired: events that a crash kept from being recorded.
  .index({ pendingSince: 1 }, { name: 'pending', sparse: true });

export function channelModel(db: Connection): Model<ChannelDocument> {
  return defineModel(db, 'channels', SCHEMA);
}

/** The domain's part of a document, whatever else stands there. */
export function toChannel(doc: StoredChannel): Channel {
  const { automatic, departedOverrides, askBeforeRemovals } = doc.sync;
  return {
    id: doc._id,
    platformId: doc.platformId,
    tenant: doc.tenant,
    referenceId: doc.referenceId,
    title: doc.title,
    label: doc.label,
    givenName: doc.givenName,
    description: doc.description,
    tags: doc.tags,
    privacy: doc.privacy,
    contributionPolicy: doc.contributionPolicy,
    moderated: doc.moderated,
    ownerId: doc.ownerId,
    sync: { automatic, departedOverrides, askBeforeRemovals },
    deletedAt: doc.deletedAt,
    createdAt: doc.createdAt,
    updatedAt: doc.updatedAt,
    version: doc.version,
  };
}

/** A channel that is not stored yet, as a document. */
export function newDocument(channel: Channel): ChannelDocument {
  const { id: _id, platformId, createdAt } = channel;
  return { _id, platformId, createdAt, ...writtenFields(channel), managerTurn: 0, leaving: [] };
}

/** What a change of a channel writes; the key and what other verbs keep in the document are left alone. */
export function writtenFields(channel: Channel): WrittenFields {
  const { tenant, privacy, contributionPolicy, moderated, ownerId, sync, deletedAt, updatedAt, version } = channel;
  const referenceId = wellFormedOrNull(channel.referenceId);
  const named = {
    title: wellFormed(channel.title),
    label: wellFormedOrNull(channel.label),
    givenName: wellFormedOrNull(channel.givenName),
    tags: channel.tags.map(wellFormed),
  };
  const visited = privacy !== 'private' && deletedAt === null;
  return {
    ...named,
    tenant,
    referenceId,
    description: wellFormed(channel.description),
    privacy,
    contributionPolicy,
    moderated,
    ownerId,
    sync,
    deletedAt,
    updatedAt,
    version,
    life: deletedAt === null ? 'kept' : 'deleted',
    place: placeOf(channelSortKey(named), channel.id),
    search: channelSearchText(named),
    ...(referenceId === null ? {} : { referenceKey: referenceKeyOf(channel.platformId, referenceId) }),
    ...(visited ? { visitors: visitorsOf(channel.platformId, tenant) } : {}),
  };
}

/**
 * Name and ID in one value that sorts as the two of them do: a line feed is less than all that is in a folded name. A page
 * that begins behind one value is a range of an index, which one that begins behind two is not.
 */
export function placeOf(sortKey: string, id: string): string {
  return `${sortKey}\n${id}`;
}

/** The position in a cursor that a place stands for. */
export function placeParts(place: string): [sortKey: string, id: string] {
  const end = place.indexOf('\n');
  return [place.slice(0, end), place.slice(end + 1)];
}

export function referenceKeyOf(platformId: PlatformId, referenceId: string): string {
  return `${platformId} ${referenceId}`;
}

/** The people of one school of a platform, as one value: an index cannot tell a school that is null from none at all. */
export function visitorsOf(platformId: PlatformId, tenant: string | null): string {
  return JSON.stringify([platformId, tenant]);
}

function wellFormedOrNull(text: string | null): string | null {
  return text === null ? null : wellFormed(text);
}
