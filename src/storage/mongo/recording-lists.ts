import type { Connection, mongo } from 'mongoose';
import type { PageRequest } from '../../lib/page.ts';
import type { RecordingId } from '../../recordings/recording.ts';
import type { RecordingFilter, RecordingStore } from '../../recordings/recording-store.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { literalPattern } from './literal-pattern.ts';
import { rowsOf } from './model.ts';
import { type RecordingDocument, recordingModel, STANDS, toRecording } from './recording-documents.ts';

type Filter = mongo.Filter<RecordingDocument>;

/** Lists of recordings, each in the order of an index of its own. */
export function createRecordingLists(
  db: Connection,
): Pick<RecordingStore, 'listRecordings' | 'unfinishedImports' | 'recordingsOfConnection' | 'binnedBefore'> {
  const rows = rowsOf(recordingModel(db));
  return {
    async listRecordings(filter, page) {
      const { index, of } = chosen(filter);
      const wanted = { ...of, ...matches(filter) };
      const found = await rows
        .find({ $and: [wanted, behind(page)] })
        .sort({ startedAt: -1, _id: -1 })
        .limit(page.limit + 1)
        .hint(index)
        .toArray();
      const shown = toPage(found, page.limit, {
        item: toRecording,
        position: ({ startedAt, _id }) => [startedAt, _id],
      });
      return { ...shown, total: await rows.countDocuments(wanted, { hint: index }) };
    },
    async unfinishedImports(limit) {
      const found = rows
        .find({ unfinishedSince: { $exists: true }, ...STANDS })
        .sort({ unfinishedSince: 1, _id: 1 })
        .limit(limit);
      return (await found.toArray()).map(toRecording);
    },
    async recordingsOfConnection(connectionId, page) {
      const [after] = positionOf(page, ['string']) ?? [''];
      const found = await rows
        .find({ connectionId, _id: { $gt: after as RecordingId }, ...STANDS })
        .sort({ _id: 1 })
        .limit(page.limit + 1)
        .hint('of_connection')
        .toArray();
      return toPage(found, page.limit, { item: toRecording, position: ({ _id }) => [_id] });
    },
    // With those whose removal has begun and broke off: whoever removes them again ends it.
    async binnedBefore(time, limit) {
      const found = rows
        .find({ deletedAt: { $lt: time } })
        .sort({ deletedAt: 1, _id: 1 })
        .limit(limit);
      return (await found.toArray()).map(toRecording);
    },
  };
}

function chosen(filter: RecordingFilter): { index: string; of: Filter } {
  const life = filter.bin ? 'binned' : 'kept';
  if ('channelId' in filter) {
    const { channelId, waiting } = filter;
    if (waiting) return { index: 'waiting', of: { channelId, review: 'waiting', life: 'kept' } };
    return { index: 'of_channel', of: { channelId, life } };
  }
  if ('libraryOf' in filter) return { index: 'of_library', of: { ownerId: filter.libraryOf, channelId: null, life } };
  if ('binOf' in filter) return { index: 'in_bin', of: { ownerId: filter.binOf, life: 'binned' } };
  return { index: 'of_former', of: { formerChannelId: filter.formerChannelId, life } };
}

function matches({ visible, q }: RecordingFilter): Filter {
  const search = memberSearch(q);
  return {
    ...(visible ? { $or: [{ shown: true }, ...(visible.orOwner === null ? [] : [{ ownerId: visible.orOwner }])] } : {}),
    ...(search === null ? {} : { search: { $regex: literalPattern(search) } }),
  };
}

function behind(page: PageRequest): Filter {
  const [startedAt, id] = positionOf(page, ['number', 'string']) ?? [];
  if (startedAt === undefined || id === undefined) return {};
  return {
    startedAt: { $lte: startedAt },
    $or: [{ startedAt: { $lt: startedAt } }, { _id: { $lt: id as RecordingId } }],
  };
}
