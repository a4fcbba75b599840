import { failure, success } from '../../lib/result.ts';
import type { MeetingLink } from '../../zoom/meeting-link.ts';
import type { MeetingLinkStore } from '../../zoom/zoom-store.ts';
import { storable } from '../storable.ts';
import { decidedLink } from '../zoom-changes.ts';
import { createActivityRecorder } from './activity-store.ts';
import { fromJson, toJson } from './columns.ts';
import { atomic, type Database } from './database.ts';

type LinkRow = Omit<MeetingLink, 'bring' | 'times'> & { bring: string; times: string };

const SELECT = `SELECT id, channel_id AS channelId, platform_id AS platformId, number, linked_by AS linkedBy,
  connection_id AS connectionId, name, topic, kind, join_url AS joinUrl, value_from AS "from", until,
  time_zone AS timeZone, mode, bring, visibility, times, checked_at AS checkedAt, in_zoom AS inZoom,
  created_at AS createdAt, updated_at AS updatedAt, version FROM meeting_links`;

const OF_A_CHANNEL = 200;

export function createMeetingLinkStore(db: Database): MeetingLinkStore {
  const rows = createLinkRows(db);
  const record = createActivityRecorder(db);

  const add = atomic(db, (...[given, note]: Parameters<MeetingLinkStore['addLink']>) => {
    const link = storable({ ...given, version: 1 });
    if (!rows.insert(link)) return failure('already-linked');
    record(note);
    return success(link);
  });

  const change = atomic(db, (...[id, at, decide, note]: Parameters<MeetingLinkStore['changeLink']>) => {
    const current = rows.find(id);
    if (!current) return null;
    const decided = decidedLink(current, decide(current), at);
    if (!decided) return current;
    const { after } = decided;
    if (after) rows.update(after);
    else rows.remove(id);
    const event = note?.(current, after);
    if (event) record(event);
    return after;
  });

  return {
    addLink: async (...asked) => add(...asked),
    findLink: async (id) => rows.find(id),
    ...createLinkLists(db),
    changeLink: async (...asked) => change(...asked),
  };
}

function createLinkRows(db: Database) {
  const byId = db.prepare<[string], LinkRow>(`${SELECT} WHERE id = ?`);
  const insert = db.prepare<[LinkRow]>(
    `INSERT INTO meeting_links (id, channel_id, platform_id, number, linked_by, connection_id, name, topic, kind, join_url,
       value_from, until, time_zone, mode, bring, visibility, times, checked_at, in_zoom, created_at, updated_at, version)
     VALUES (@id, @channelId, @platformId, @number, @linkedBy, @connectionId, @name, @topic, @kind, @joinUrl,
       @from, @until, @timeZone, @mode, @bring, @visibility, @times, @checkedAt, @inZoom, @createdAt, @updatedAt, @version)
     ON CONFLICT (channel_id, number) DO NOTHING`,
  );
  const update = db.prepare<[LinkRow]>(
    `UPDATE meeting_links SET linked_by = @linkedBy, connection_id = @connectionId, name = @name, topic = @topic,
       kind = @kind, join_url = @joinUrl, value_from = @from, until = @until, time_zone = @timeZone, mode = @mode,
       bring = @bring, visibility = @visibility, times = @times, checked_at = @checkedAt, in_zoom = @inZoom,
       updated_at = @updatedAt, version = @version
     WHERE id = @id`,
  );
  const remove = db.prepare<[string]>('DELETE FROM meeting_links WHERE id = ?');
  return {
    find(id: string): MeetingLink | null {
      const row = byId.get(id);
      return row ? read(row) : null;
    },
    insert: (link: MeetingLink) => insert.run(toRow(link)).changes === 1,
    update: (link: MeetingLink) => update.run(toRow(link)),
    remove: (id: string) => remove.run(id),
  };
}

type Lists = Pick<MeetingLinkStore, 'linksOfChannel' | 'linksOfConnection' | 'linksOfUser' | 'countLinks'>;

function createLinkLists(db: Database): Lists {
  const list = (where: string) => db.prepare<[string], LinkRow>(`${SELECT} WHERE ${where} = ? ORDER BY created_at, id`);
  const ofChannel = db.prepare<[string], LinkRow>(
    `${SELECT} WHERE channel_id = ? ORDER BY created_at, id LIMIT ${OF_A_CHANNEL}`,
  );
  const ofConnection = list('connection_id');
  const ofUser = list('linked_by');
  const count = db.prepare<[string], number>('SELECT count(*) FROM meeting_links WHERE channel_id = ?').pluck();
  return {
    linksOfChannel: async (channelId) => ofChannel.all(channelId).map(read),
    linksOfConnection: async (connectionId) => ofConnection.all(connectionId).map(read),
    linksOfUser: async (userId) => ofUser.all(userId).map(read),
    countLinks: async (channelId) => count.get(channelId) ?? 0,
  };
}

function toRow({ bring, times, ...link }: MeetingLink): LinkRow {
  return { ...link, bring: toJson(bring), times: toJson(times) };
}

function read(row: LinkRow): MeetingLink {
  return { ...row, bring: fromJson(row.bring), times: fromJson(row.times) };
}
