import { wellFormed } from '../../lib/fold.ts';
import type { CatalogueEntry, CatalogueFilter, CatalogueStore } from '../../recordings/catalogue-store.ts';
import { memberSearch, titleSearchText } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { storable } from '../storable.ts';
import { toFlag } from './columns.ts';
import { atomic, type Database } from './database.ts';

type EntryRow = Omit<CatalogueEntry, 'hasTranscript' | 'hasChat' | 'processing'> & {
  hasTranscript: number;
  hasChat: number;
  processing: number;
};

const COLUMNS = `connection_id AS connectionId, meeting_uuid AS meetingUuid, number, topic, started_at AS startedAt,
  time_zone AS timeZone, duration_ms AS durationMs, bytes, media, has_transcript AS hasTranscript,
  has_chat AS hasChat, processing, deletes_on AS deletesOn, seen_at AS seenAt`;

/** How many meetings one chooses from. */
const NUMBERS_LISTED = 300;

export function createCatalogueStore(db: Database): CatalogueStore {
  const put = createPut(db);
  const lists = {
    all: createList(db, 'catalogue_listed', ''),
    number: createList(db, 'catalogue_of_number', 'AND number = @number'),
  };
  const one = db.prepare<[string, string], EntryRow>(
    `SELECT ${COLUMNS} FROM catalogue WHERE connection_id = ? AND meeting_uuid = ?`,
  );
  // SQLite takes the topic from the row of the maximum.
  const numbers = db.prepare<[string], Awaited<ReturnType<CatalogueStore['listNumbers']>>[number]>(
    `SELECT number, topic, count(*) AS recordings, max(started_at) AS newestAt
     FROM catalogue INDEXED BY catalogue_of_number
     WHERE connection_id = ? GROUP BY number ORDER BY newestAt DESC, number LIMIT ${NUMBERS_LISTED}`,
  );
  const dropUnseen = db.prepare<[string, number, number, number]>(
    'DELETE FROM catalogue WHERE connection_id = ? AND started_at >= ? AND started_at < ? AND seen_at < ?',
  );
  const remove = db.prepare<[string]>('DELETE FROM catalogue WHERE connection_id = ?');
  return {
    putEntries: async (entries) => put(entries),
    async listEntries(connectionId, filter, page) {
      const list = filter.number === undefined ? lists.all : lists.number;
      const where = { connectionId, ...parametersOf(filter) };
      const [startedAt, uuid] = positionOf(page, ['number', 'string']) ?? [Number.MAX_SAFE_INTEGER, ''];
      const rows = list.page.all({ ...where, startedAt, uuid, limit: page.limit + 1 });
      const shown = toPage(rows, page.limit, { item: toEntry, position: (row) => [row.startedAt, row.meetingUuid] });
      return { ...shown, total: list.total.get(where) ?? 0 };
    },
    findEntries: async (connectionId, meetingUuids) =>
      [...new Set(meetingUuids.map(wellFormed))].flatMap((uuid) => one.all(connectionId, uuid)).map(toEntry),
    listNumbers: async (connectionId) => numbers.all(connectionId),
    async dropUnseen(connectionId, { from, until, seenBefore }) {
      dropUnseen.run(connectionId, from, until, seenBefore);
    },
    async removeEntries(connectionId) {
      remove.run(connectionId);
    },
  };
}

/** Of two that tell of the same recording the one that saw it last is right, in whatever order they come. */
function createPut(db: Database): (entries: readonly CatalogueEntry[]) => void {
  const put = db.prepare<[EntryRow & { search: string }]>(
    `INSERT INTO catalogue (connection_id, meeting_uuid, number, topic, started_at, time_zone, duration_ms, bytes, media,
       has_transcript, has_chat, processing, deletes_on, seen_at, search)
     VALUES (@connectionId, @meetingUuid, @number, @topic, @startedAt, @timeZone, @durationMs, @bytes, @media,
       @hasTranscript, @hasChat, @processing, @deletesOn, @seenAt, @search)
     ON CONFLICT (connection_id, meeting_uuid) DO UPDATE SET
       number = excluded.number, topic = excluded.topic, started_at = excluded.started_at,
       time_zone = excluded.time_zone, duration_ms = excluded.duration_ms, bytes = excluded.bytes,
       media = excluded.media, has_transcript = excluded.has_transcript, has_chat = excluded.has_chat,
       processing = excluded.processing, deletes_on = excluded.deletes_on, seen_at = excluded.seen_at,
       search = excluded.search
     WHERE excluded.seen_at >= seen_at`,
  );
  return atomic(db, (entries: readonly CatalogueEntry[]) => {
    for (const entry of entries) put.run(toRow(entry));
  });
}

type Where = { connectionId: string; number: string | null; q: string | null; from: number; until: number };
type Place = { startedAt: number; uuid: string; limit: number };

function createList(db: Database, index: string, and: string) {
  // instr takes the search as it is; LIKE would read % and _ in it.
  const from = `FROM catalogue INDEXED BY ${index} WHERE connection_id = @connectionId ${and}
    AND started_at >= @from AND started_at < @until AND (@q IS NULL OR instr(search, @q) > 0)`;
  return {
    page: db.prepare<[Where & Place], EntryRow>(
      `SELECT ${COLUMNS} ${from} AND (started_at, meeting_uuid) < (@startedAt, @uuid)
       ORDER BY started_at DESC, meeting_uuid DESC LIMIT @limit`,
    ),
    total: db.prepare<[Where], number>(`SELECT count(*) ${from}`).pluck(),
  };
}

function parametersOf({ number, q, from, until }: CatalogueFilter): Omit<Where, 'connectionId'> {
  return {
    number: number ?? null,
    q: memberSearch(q),
    from: from ?? Number.MIN_SAFE_INTEGER,
    until: until ?? Number.MAX_SAFE_INTEGER,
  };
}

function toRow(entry: CatalogueEntry): EntryRow & { search: string } {
  const stored = storable(entry);
  return {
    ...stored,
    hasTranscript: toFlag(stored.hasTranscript),
    hasChat: toFlag(stored.hasChat),
    processing: toFlag(stored.processing),
    search: titleSearchText(stored.topic),
  };
}

function toEntry(row: EntryRow): CatalogueEntry {
  return {
    ...row,
    hasTranscript: row.hasTranscript === 1,
    hasChat: row.hasChat === 1,
    processing: row.processing === 1,
  };
}
