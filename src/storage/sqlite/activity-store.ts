import type { ChannelId, UserId } from '../../channels/channel.ts';
import type { ActivityEvent, ActivityStore } from '../../channels/channel-store.ts';
import type { Page, PageRequest } from '../../lib/page.ts';
import { positionOf, toPage } from '../paging.ts';
import type { Database } from './database.ts';

/** The event as SQL gives it back under the names of the domain. */
const COLUMNS = `id, at, platform_id AS platformId, channel_id AS channelId, actor, action,
  subject_user_id AS subjectUserId, sync_id AS syncId, value_from AS "from", value_to AS "to", batch`;

export function createActivityStore(db: Database): ActivityStore {
  const record = createActivityRecorder(db);
  const byId = db.prepare<[string], ActivityEvent>(`SELECT ${COLUMNS} FROM activity WHERE id = ?`);
  const pages = {
    all: createPages(db, 'activity_of_channel', 'channel_id = @channelId'),
    batch: createPages(db, 'activity_of_batch', 'channel_id = @channelId AND batch = @batch'),
    person: createPages(db, 'activity_of_person', 'channel_id = @channelId AND subject_user_id = @subjectUserId'),
    settings: createPages(db, 'activity_of_settings', "channel_id = @channelId AND action = 'channel.change'"),
  };
  const count = db
    .prepare<[Of], number>(
      `SELECT count(*) FROM activity INDEXED BY activity_of_batch WHERE channel_id = @channelId AND batch = @batch`,
    )
    .pluck();
  return {
    recordActivity: async (event) => record(event),
    findActivity: async (id) => byId.get(id) ?? null,
    async listActivity(channelId, filter, page) {
      if ('settings' in filter) return pages.settings({ channelId }, page);
      if ('subjectUserId' in filter) return pages.person({ channelId, subjectUserId: filter.subjectUserId }, page);
      return filter.batch === undefined ? pages.all({ channelId }, page) : pages.batch({ channelId, ...filter }, page);
    },
    countActivity: async (channelId, { batch }) => count.get({ channelId, batch }) ?? 0,
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

type Of = { channelId: ChannelId; batch?: string; subjectUserId?: UserId };

/** The index is named: the one of the whole channel would serve every order, by walking all its events. */
function createPages(db: Database, index: string, where: string): (of: Of, page: PageRequest) => Page<ActivityEvent> {
  const from = `FROM activity INDEXED BY ${index} WHERE ${where}`;
  const newest = db.prepare<[Of & { limit: number }], ActivityEvent>(
    `SELECT ${COLUMNS} ${from} ORDER BY at DESC, id DESC LIMIT @limit`,
  );
  const older = db.prepare<[Of & { limit: number; at: number; id: string }], ActivityEvent>(
    `SELECT ${COLUMNS} ${from} AND (at, id) < (@at, @id) ORDER BY at DESC, id DESC LIMIT @limit`,
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
