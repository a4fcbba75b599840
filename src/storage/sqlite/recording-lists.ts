import type { RecordingFilter, RecordingStore } from '../../recordings/recording-store.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { toFlag } from './columns.ts';
import type { Database } from './database.ts';
import { RECORDING_COLUMNS, type RecordingRow, toRecording } from './recording-rows.ts';

type Parameters = {
  of: string;
  binned: number;
  publicOnly: number;
  orOwner: string | null;
  q: string | null;
};
type Place = { startedAt: number; id: string; limit: number };

// instr takes the search as it is; LIKE would read % and _ in it.
const MATCHES = `(@publicOnly = 0 OR shown = 1 OR owner_id = @orOwner) AND (@q IS NULL OR instr(search, @q) > 0)`;

/** Lists of recordings, each in the order of an index of its own, newest first. */
export function createRecordingLists(
  db: Database,
): Pick<RecordingStore, 'listRecordings' | 'unfinishedImports' | 'recordingsOfConnection' | 'binnedBefore'> {
  const lists = {
    channel: createList(db, 'recordings_of_channel', 'channel_id = @of AND binned = @binned'),
    waiting: createList(db, 'recordings_waiting', "channel_id = @of AND review = 'waiting' AND binned = 0"),
    library: createList(db, 'recordings_of_library', 'owner_id = @of AND channel_id IS NULL AND binned = @binned'),
    bin: createList(db, 'recordings_in_bin', 'owner_id = @of AND binned = 1'),
    former: createList(db, 'recordings_of_former', 'former_channel_id = @of AND binned = @binned'),
  };
  const select = `SELECT ${RECORDING_COLUMNS} FROM recordings`;
  const unfinished = db.prepare<[number], RecordingRow>(
    `${select} WHERE unfinished_since IS NOT NULL ORDER BY unfinished_since, id LIMIT ?`,
  );
  const ofConnection = db.prepare<[string, string, number], RecordingRow>(
    `${select} WHERE connection_id = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  const binned = db.prepare<[number, number], RecordingRow>(
    `${select} WHERE deleted_at < ? ORDER BY deleted_at, id LIMIT ?`,
  );
  return {
    async listRecordings(filter, page) {
      const { list, of } = chosen(filter);
      const where = { of, ...parametersOf(filter) };
      const [startedAt, id] = positionOf(page, ['number', 'string']) ?? [Number.MAX_SAFE_INTEGER, ''];
      const rows = lists[list].page.all({ ...where, startedAt, id, limit: page.limit + 1 });
      const shown = toPage(rows, page.limit, { item: toRecording, position: (row) => [row.startedAt, row.id] });
      return { ...shown, total: lists[list].total.get(where) ?? 0 };
    },
    unfinishedImports: async (limit) => unfinished.all(limit).map(toRecording),
    async recordingsOfConnection(connectionId, page) {
      const [after] = positionOf(page, ['string']) ?? [''];
      const rows = ofConnection.all(connectionId, after, page.limit + 1);
      return toPage(rows, page.limit, { item: toRecording, position: ({ id }) => [id] });
    },
    binnedBefore: async (time, limit) => binned.all(time, limit).map(toRecording),
  };
}

function createList(db: Database, index: string, where: string) {
  const from = `FROM recordings INDEXED BY ${index} WHERE ${where} AND ${MATCHES}`;
  return {
    page: db.prepare<[Parameters & Place], RecordingRow>(
      `SELECT ${RECORDING_COLUMNS} ${from} AND (started_at, id) < (@startedAt, @id)
       ORDER BY started_at DESC, id DESC LIMIT @limit`,
    ),
    total: db.prepare<[Parameters], number>(`SELECT count(*) ${from}`).pluck(),
  };
}

function chosen(filter: RecordingFilter): { list: 'channel' | 'waiting' | 'library' | 'bin' | 'former'; of: string } {
  if ('channelId' in filter) return { list: filter.waiting ? 'waiting' : 'channel', of: filter.channelId };
  if ('libraryOf' in filter) return { list: 'library', of: filter.libraryOf };
  if ('binOf' in filter) return { list: 'bin', of: filter.binOf };
  return { list: 'former', of: filter.formerChannelId };
}

function parametersOf({ bin, visible, q }: RecordingFilter): Omit<Parameters, 'of'> {
  return {
    binned: toFlag(bin === true),
    publicOnly: toFlag(visible !== undefined),
    orOwner: visible?.orOwner ?? null,
    q: memberSearch(q),
  };
}
