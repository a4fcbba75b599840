import type { ChannelId } from '../../channels/channel.ts';
import type { ActivityEvent, ActivityStore } from '../../channels/channel-store.ts';
import type { Page, PageRequest } from '../../lib/page.ts';
import type { Database } from './database.ts';
import { positionOf, toPage } from './paging.ts';

/** The event as SQL gives it back under the names of the domain. */
const COLUMNS = `id, at, platform_id AS platformId, channel_id AS channelId, actor, action,
  subject_user_id AS subjectUserId, sync_id AS syncId, value_from AS "from", value_to AS "to", batch`;

export function createActivityStore(db: Database): ActivityStore {
  const record = createActivityRecorder(db);
  const byId = db.prepare<[string], ActivityEvent>(`SELECT ${COLUMNS} FROM activity WHERE id = ?`);
  const ofChannel = createPages(db, 'channel_id = @channelId');
  const ofBatch = createPages(db, 'channel_id = @channelId AND batch = @batch');
  return {
    recordActivity: async (event) => record(event),
    findActivity: async (id) => byId.get(id) ?? null,
    listActivity: async (channelId, { batch }, page) =>
      batch === undefined ? ofChannel({ channelId }, page) : ofBatch({ channelId, batch }, page),
  };
}

/** Writes an event unless it is there; other stores record with it what they change in one transaction. */
export function createActivityRecorder(db: Database): (event: ActivityEvent) => void {
  const insert = db.prepare<[ActivityEvent]>(
    `INSERT INTO activity
       (id, at, platform_id, channel_id, actor, action, subject_user_id, sync_id, value_from, value_to, batch)
     VALUES (@id, @at, @platformId, @channelId, @actor, @action, @subjectUserId, @syncId, @from, @to, @batch)
     ON CONFLICT (id) DO NOTHING`,
  );
  return (event) => {
    insert.run(event);
  };
}

type Of = { channelId: ChannelId; batch?: string };

function createPages(db: Database, where: string): (of: Of, page: PageRequest) => Page<ActivityEvent> {
  const newest = db.prepare<[Of & { limit: number }], ActivityEvent>(
    `SELECT ${COLUMNS} FROM activity WHERE ${where} ORDER BY at DESC, id DESC LIMIT @limit`,
  );
  const older = db.prepare<[Of & { limit: number; at: number; id: string }], ActivityEvent>(
    `SELECT ${COLUMNS} FROM activity WHERE ${where} AND (at, id) < (@at, @id) ORDER BY at DESC, id DESC LIMIT @limit`,
  );
  return (of, page) => {
    const position = positionOf(page, ['number', 'string']);
    const limit = page.limit + 1;
    const rows = position
      ? older.all({ ...of, limit, at: position[0], id: position[1] })
      : newest.all({ ...of, limit });
    return toPage(rows, page.limit, { item: (event) => event, position: (event) => [event.at, event.id] });
  };
}
