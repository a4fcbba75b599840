import { type Connection, type Model, Schema } from 'mongoose';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import type { MeetingLink, MeetingLinkId } from '../../zoom/meeting-link.ts';
import { defineModel } from './model.ts';

export type MeetingLinkDocument = Omit<MeetingLink, 'id'> & {
  _id: MeetingLinkId;
  /** Channel and number: its sparse index lets a channel have a number once. */
  numberKey: string;
  /** Events that were noted of a change and are not known to be recorded yet. */
  pending?: ActivityEvent[];
  /** The time of the oldest of `pending`; present only while there are any. */
  pendingSince?: number;
  /** The link is removed, and stays until its events are recorded; no other field of it is left. */
  gone?: true;
};

/** Lives on one shard, where `by_number` holds. */
const SCHEMA = new Schema<MeetingLinkDocument>({
  _id: { type: String, required: true },
  channelId: String,
  platformId: String,
  number: String,
  linkedBy: String,
  connectionId: String,
  name: String,
  topic: String,
  kind: String,
  joinUrl: String,
  from: String,
  until: String,
  timeZone: String,
  mode: String,
  bring: Schema.Types.Mixed,
  visibility: String,
  times: [Schema.Types.Mixed],
  checkedAt: Number,
  inZoom: String,
  createdAt: Number,
  updatedAt: Number,
  version: Number,
  numberKey: String,
  pending: { type: [Schema.Types.Mixed], default: undefined },
  pendingSince: Number,
  gone: Boolean,
})
  // addLink: of two who link a number to a channel at once one does.
  .index({ numberKey: 1 }, { name: 'by_number', unique: true, sparse: true })
  // linksOfChannel, countLinks, linksOfConnection, linksOfUser.
  .index({ channelId: 1, createdAt: 1, _id: 1 }, { name: 'of_channel' })
  .index({ connectionId: 1, createdAt: 1, _id: 1 }, { name: 'of_connection' })
  .index({ linkedBy: 1, createdAt: 1, _id: 1 }, { name: 'of_user' })
  // removeExpired: events that a crash kept from being recorded.
  .index({ pendingSince: 1 }, { name: 'pending', sparse: true });

export function meetingLinkModel(db: Connection): Model<MeetingLinkDocument> {
  return defineModel(db, 'meeting_links', SCHEMA);
}

export function linkDocument({ id: _id, ...link }: MeetingLink): MeetingLinkDocument {
  return { _id, ...link, numberKey: `${link.channelId} ${link.number}` };
}

/** Field by field: nothing else of a document gets out. */
export function toLink(doc: MeetingLinkDocument): MeetingLink {
  return {
    id: doc._id,
    channelId: doc.channelId,
    platformId: doc.platformId,
    number: doc.number,
    linkedBy: doc.linkedBy,
    connectionId: doc.connectionId,
    name: doc.name,
    topic: doc.topic,
    kind: doc.kind,
    joinUrl: doc.joinUrl,
    from: doc.from,
    until: doc.until,
    timeZone: doc.timeZone,
    mode: doc.mode,
    bring: doc.bring,
    visibility: doc.visibility,
    times: doc.times,
    checkedAt: doc.checkedAt,
    inZoom: doc.inZoom,
    createdAt: doc.createdAt,
    updatedAt: doc.updatedAt,
    version: doc.version,
  };
}
