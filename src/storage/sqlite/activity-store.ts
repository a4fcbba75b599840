import type { ActivityEvent, ActivityStore } from '../../channels/channel-store.ts';
import type { Database } from './database.ts';
import { positionOf, toPage } from './paging.ts';

/** The event as SQL gives it back under the names of the domain. */
const COLUMNS = `id, at, platform_id AS platformId, channel_id AS channelId, actor, action,
  subject_user_id AS subjectUserId, sync_id AS syncId, value_from AS "from", value_to AS "to"`;

export function createActivityStore(db: Database): ActivityStore {
  const insert = db.prepare<[ActivityEvent]>(
    `INSERT INTO activity
       (id, at, platform_id, channel_id, actor, action, subject_user_id, sync_id, value_from, value_to)
     VALUES (@id, @at, @platformId, @channelId, @actor, @action, @subjectUserId, @syncId, @from, @to)
     ON CONFLICT (id) DO NOTHING`,
  );
  const newest = db.prepare<[string, number], ActivityEvent>(
    `SELECT ${COLUMNS} FROM activity WHERE channel_id = ? ORDER BY at DESC, id DESC LIMIT ?`,
  );
  const older = db.prepare<[string, number, string, number], ActivityEvent>(
    `SELECT ${COLUMNS} FROM activity WHERE channel_id = ? AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?`,
  );
  return {
    async recordActivity(event) {
      insert.run(event);
    },
    async listActivity(channelId, page) {
      const position = positionOf(page, ['number', 'string']);
      const limit = page.limit + 1;
      const rows = position ? older.all(channelId, ...position, limit) : newest.all(channelId, limit);
      return toPage(rows, page.limit, { item: (event) => event, position: (event) => [event.at, event.id] });
    },
  };
}
