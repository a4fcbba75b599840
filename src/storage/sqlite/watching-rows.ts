import type { Watching } from '../../recordings/recording.ts';
import type { RecordingStore, WatchingStep } from '../../recordings/recording-store.ts';
import { positionOf, toPage } from '../paging.ts';
import { toFlag } from './columns.ts';
import type { Database } from './database.ts';

type WatchingVerbs = Pick<RecordingStore, 'findWatching' | 'addWatching' | 'listWatching' | 'countWatching'>;

const COLUMNS = `recording_id AS recordingId, user_id AS userId, views, part, position_ms AS positionMs,
  watched_ms AS watchedMs, first_at AS firstAt, last_at AS lastAt`;

/** How far people watched; each verb is one statement. */
export function createWatchingRows(db: Database): WatchingVerbs {
  const one = db.prepare<[string, string], Watching>(
    `SELECT ${COLUMNS} FROM watching WHERE recording_id = ? AND user_id = ?`,
  );
  // Steps may come late: only the newest says where somebody is. Of a recording that is gone nothing is kept.
  const add = db.prepare<[Omit<WatchingStep, 'begins'> & { views: number }]>(
    `INSERT INTO watching (recording_id, user_id, views, part, position_ms, watched_ms, first_at, last_at)
     SELECT id, @userId, @views, @part, @positionMs, @watchedMs, @at, @at FROM recordings WHERE id = @recordingId
     ON CONFLICT (recording_id, user_id) DO UPDATE SET
       views = views + excluded.views,
       watched_ms = watched_ms + excluded.watched_ms,
       part = CASE WHEN excluded.last_at >= last_at THEN excluded.part ELSE part END,
       position_ms = CASE WHEN excluded.last_at >= last_at THEN excluded.position_ms ELSE position_ms END,
       first_at = min(first_at, excluded.first_at),
       last_at = max(last_at, excluded.last_at)`,
  );
  const list = db.prepare<[string, number, string, number], Watching>(
    `SELECT ${COLUMNS} FROM watching WHERE recording_id = ? AND (last_at, user_id) < (?, ?)
     ORDER BY last_at DESC, user_id DESC LIMIT ?`,
  );
  const count = db.prepare<[string], { views: number | null; people: number }>(
    'SELECT sum(views) AS views, count(*) AS people FROM watching WHERE recording_id = ?',
  );
  return {
    findWatching: async (recordingId, userId) => one.get(recordingId, userId) ?? null,
    async addWatching({ begins, ...step }) {
      add.run({ ...step, views: toFlag(begins) });
    },
    async listWatching(recordingId, page) {
      const [lastAt, userId] = positionOf(page, ['number', 'string']) ?? [Number.MAX_SAFE_INTEGER, ''];
      const rows = list.all(recordingId, lastAt, userId, page.limit + 1);
      return toPage(rows, page.limit, { item: (row) => row, position: (row) => [row.lastAt, row.userId] });
    },
    async countWatching(ids) {
      const counted = ids.map((id) => [id, count.get(id)] as const);
      return new Map(
        counted.flatMap(([id, sums]) => (sums?.people ? [[id, { views: sums.views ?? 0, people: sums.people }]] : [])),
      );
    },
  };
}
