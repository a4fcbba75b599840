import { type Connection, type Model, Schema } from 'mongoose';
import type { CatalogueEntry } from '../../recordings/catalogue-store.ts';
import type { ConnectionId } from '../../zoom/connection.ts';
import { titleSearchText } from '../member-keys.ts';
import { storable } from '../storable.ts';
import { defineModel } from './model.ts';

export type CatalogueDocument = CatalogueEntry & { _id: string; search: string };

/** Lives on one shard; where there are very many connections, its shard key is {connectionId: 1, _id: 1}. */
const SCHEMA = new Schema<CatalogueDocument>({
  _id: { type: String, required: true },
  connectionId: { type: String, required: true },
  meetingUuid: { type: String, required: true },
  number: String,
  topic: String,
  startedAt: Number,
  timeZone: { type: String, default: null },
  durationMs: Number,
  bytes: Number,
  media: String,
  hasTranscript: Boolean,
  hasChat: Boolean,
  processing: Boolean,
  deletesOn: { type: String, default: null },
  seenAt: Number,
  search: String,
})
  // listEntries, newest first, of all meetings and of one; dropUnseen. All that they filter by stands in the index.
  .index({ connectionId: 1, startedAt: -1, meetingUuid: -1, seenAt: 1, search: 1 }, { name: 'listed' })
  .index({ connectionId: 1, number: 1, startedAt: -1, meetingUuid: -1, search: 1 }, { name: 'of_number' });

export function catalogueModel(db: Connection): Model<CatalogueDocument> {
  return defineModel(db, 'catalogue', SCHEMA);
}

/** There is no slash in an ID of ours. */
export function catalogueId(connectionId: ConnectionId, meetingUuid: string): string {
  return `${connectionId}/${meetingUuid}`;
}

export function toCatalogueDocument(entry: CatalogueEntry): CatalogueDocument {
  const stored = toEntry(storable(entry));
  return {
    _id: catalogueId(stored.connectionId, stored.meetingUuid),
    ...stored,
    search: titleSearchText(stored.topic),
  };
}

/** The domain's part of a document, field by field. */
export function toEntry(doc: CatalogueEntry): CatalogueEntry {
  return {
    connectionId: doc.connectionId,
    meetingUuid: doc.meetingUuid,
    number: doc.number,
    topic: doc.topic,
    startedAt: doc.startedAt,
    timeZone: doc.timeZone,
    durationMs: doc.durationMs,
    bytes: doc.bytes,
    media: doc.media,
    hasTranscript: doc.hasTranscript,
    hasChat: doc.hasChat,
    processing: doc.processing,
    deletesOn: doc.deletesOn,
    seenAt: doc.seenAt,
  };
}
