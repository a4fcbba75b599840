import { type Connection, type Model, Schema } from 'mongoose';
import type { ActivityEvent } from '../../channels/channel-store.ts';
import type { Recording, RecordingId, Watching } from '../../recordings/recording.ts';
import { recordingKeys } from '../recording-keys.ts';
import { defineModel } from './model.ts';

/** A recording as it is stored, with what lists filter by. Of a `removing` one the removal has begun: for everybody it is gone. */
export type RecordingDocument = StoredRecording & {
  life: 'kept' | 'binned' | 'removing';
  shown: boolean;
  search: string;
  /** Present only while its import has no end. */
  unfinishedSince?: number;
  /** Counts every write: one that was decided about another state meets nothing. */
  turn: number;
  /** Events that were noted of a change and are not known to be recorded yet. */
  pending?: ActivityEvent[];
  /** The time of the oldest of `pending`; present only while there are any. */
  pendingSince?: number;
};

type StoredRecording = Omit<Recording, 'id'> & { _id: RecordingId };

/** What the domain may change, and what is made of it. */
type WrittenFields = Omit<RecordingDocument, '_id' | 'ownerId' | 'meetingUuid' | 'turn' | 'pending' | 'pendingSince'>;

/** Lives on one shard: `by_meeting` holds there alone, and what people watched lies elsewhere. */
const RECORDINGS = new Schema<RecordingDocument>({
  _id: { type: String, required: true },
  platformId: String,
  ownerId: { type: String, required: true },
  channelId: { type: String, default: null },
  formerChannelId: { type: String, default: null },
  meetingUuid: { type: String, required: true },
  meetingNumber: String,
  linkId: { type: String, default: null },
  connectionId: { type: String, default: null },
  title: String,
  titleGiven: Boolean,
  startedAt: Number,
  timeZone: { type: String, default: null },
  durationMs: Number,
  visibility: String,
  review: String,
  parts: [Schema.Types.Mixed],
  import: Schema.Types.Mixed,
  deletedAt: { type: Number, default: null },
  createdAt: Number,
  updatedAt: Number,
  version: Number,
  life: { type: String, required: true },
  shown: Boolean,
  search: String,
  unfinishedSince: Number,
  turn: Number,
  pending: { type: [Schema.Types.Mixed], default: undefined },
  pendingSince: Number,
})
  // addRecording: an instance of a meeting comes once. findByMeetings.
  .index({ meetingUuid: 1 }, { name: 'by_meeting', unique: true })
  // listRecordings, newest first. All that one filters by stands in its index: a page, its total and a search never look
  // at a document that is not shown. The first and the last serve the removal of channels too.
  .index({ channelId: 1, life: 1, startedAt: -1, _id: -1, shown: 1, ownerId: 1, search: 1 }, { name: 'of_channel' })
  .index({ channelId: 1, review: 1, life: 1, startedAt: -1, _id: -1 }, { name: 'waiting' })
  .index({ ownerId: 1, channelId: 1, life: 1, startedAt: -1, _id: -1, shown: 1, search: 1 }, { name: 'of_library' })
  .index({ ownerId: 1, life: 1, startedAt: -1, _id: -1, shown: 1, search: 1 }, { name: 'in_bin' })
  .index(
    { formerChannelId: 1, life: 1, startedAt: -1, _id: -1, shown: 1, ownerId: 1, search: 1 },
    { name: 'of_former' },
  )
  // unfinishedImports.
  .index(
    { unfinishedSince: 1, _id: 1 },
    { name: 'unfinished', partialFilterExpression: { unfinishedSince: { $exists: true } } },
  )
  // recordingsOfConnection.
  .index({ connectionId: 1, _id: 1 }, { name: 'of_connection' })
  // binnedBefore.
  .index({ deletedAt: 1, _id: 1 }, { name: 'by_deletion' })
  // removeExpired: events that a crash kept from being recorded.
  .index({ pendingSince: 1 }, { name: 'pending', sparse: true });

export type WatchingDocument = Watching & { _id: string };

/** Shard key: {recordingId: 1, userId: 1}, where there are very many people; its `_id` is made of both. */
const WATCHING = new Schema<WatchingDocument>({
  _id: { type: String, required: true },
  recordingId: { type: String, required: true },
  userId: { type: String, required: true },
  views: Number,
  part: Number,
  positionMs: Number,
  watchedMs: Number,
  firstAt: Number,
  lastAt: Number,
})
  // listWatching; countWatching adds up from its entries alone.
  .index({ recordingId: 1, lastAt: -1, userId: -1, views: 1 }, { name: 'of_recording' });

export function recordingModel(db: Connection): Model<RecordingDocument> {
  return defineModel(db, 'recordings', RECORDINGS);
}

export function watchingModel(db: Connection): Model<WatchingDocument> {
  return defineModel(db, 'watching', WATCHING);
}

/** The domain's part of a document, whatever else stands there. */
export function toRecording(doc: StoredRecording): Recording {
  return {
    id: doc._id,
    platformId: doc.platformId,
    ownerId: doc.ownerId,
    channelId: doc.channelId,
    formerChannelId: doc.formerChannelId,
    meetingUuid: doc.meetingUuid,
    meetingNumber: doc.meetingNumber,
    linkId: doc.linkId,
    connectionId: doc.connectionId,
    title: doc.title,
    titleGiven: doc.titleGiven,
    startedAt: doc.startedAt,
    timeZone: doc.timeZone,
    durationMs: doc.durationMs,
    visibility: doc.visibility,
    review: doc.review,
    parts: doc.parts,
    import: doc.import,
    deletedAt: doc.deletedAt,
    createdAt: doc.createdAt,
    updatedAt: doc.updatedAt,
    version: doc.version,
  };
}

/** A recording that is not stored yet, as a document. */
export function newRecordingDocument(recording: Recording): RecordingDocument {
  const { id: _id, ownerId, meetingUuid } = recording;
  return { _id, ownerId, meetingUuid, ...writtenFields(recording), turn: 0 };
}

/** What a change of a recording writes; what tells it from others is left alone. */
export function writtenFields(recording: Recording): WrittenFields {
  const {
    id: _id,
    ownerId: _ownerId,
    meetingUuid: _uuid,
    ...fields
  } = toRecording({ ...recording, _id: recording.id });
  const { binned, shown, unfinishedSince, search } = recordingKeys(recording);
  return {
    ...fields,
    life: binned ? 'binned' : 'kept',
    shown,
    search,
    ...(unfinishedSince === null ? {} : { unfinishedSince }),
  };
}

/** Those that are there for somebody. */
export const STANDS = { life: { $ne: 'removing' as const } };

export function watchingId({ recordingId, userId }: Pick<Watching, 'recordingId' | 'userId'>): string {
  return `${recordingId}/${userId}`;
}

/** The domain's part of a document. */
export function toWatching({ _id, ...watching }: WatchingDocument): Watching {
  return watching;
}
