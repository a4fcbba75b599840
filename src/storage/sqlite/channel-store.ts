import { type Channel, type ChannelId, type CourseContext, DELETED_KEPT_MS } from '../../channels/channel.ts';
import type {
  ChannelFilter,
  ChannelOpening,
  ChannelStore,
  CourseEntry,
  EnteredCourse,
  EntryDecision,
  OpenedChannel,
} from '../../channels/channel-store.ts';
import { wellFormed } from '../../lib/fold.ts';
import type { Page, PageRequest } from '../../lib/page.ts';
import { channelSearchText, channelSortKey } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { createActivityRecorder } from './activity-store.ts';
import { fromJson, toFlag, toJson } from './columns.ts';
import { createContextRows } from './context-rows.ts';
import { atomic, type Database } from './database.ts';
import { createMembershipRows } from './membership-rows.ts';
import { createMyChannels } from './my-channels.ts';
import { createUserRows } from './user-rows.ts';

type ChannelRow = Omit<Channel, 'tags' | 'moderated' | 'sync'> & {
  tags: string;
  moderated: number;
  autoSync: number;
  departedOverrides: Channel['sync']['departedOverrides'];
  askBeforeRemovals: number;
};

/** A row as it is written, with what lists sort by and look through. */
type WrittenRow = ChannelRow & { sortKey: string; search: string };

const COLUMNS = `id, platform_id AS platformId, tenant, reference_id AS referenceId, title, label, given_name AS givenName,
  description, tags, privacy, contribution_policy AS contributionPolicy, moderated, owner_id AS ownerId,
  auto_sync AS autoSync, departed_overrides AS departedOverrides, ask_before_removals AS askBeforeRemovals,
  deleted_at AS deletedAt, created_at AS createdAt, updated_at AS updatedAt, version`;

export function createChannelStore(db: Database): ChannelStore {
  const contexts = createContextRows(db);
  const channels = channelRows(db);
  const list = channelLists(db);

  const users = createUserRows(db);
  const members = createMembershipRows(db);

  function open(opening: ChannelOpening): OpenedChannel {
    const known = contexts.find(opening.platformId, opening.contextId);
    if (!known) {
      const channel = channels.insert(opening.fresh);
      return { channel, context: contexts.insert(opening, channel.id), created: true };
    }
    const context = contexts.refresh(known, opening);
    return { channel: channels.follow(context, opening), context, created: false };
  }

  const record = createActivityRecorder(db);
  const update = atomic(db, (...[channel, at, note]: Parameters<ChannelStore['updateChannel']>): Channel | null => {
    const written = channels.update(channel, at);
    if (written && note) for (const event of note(written)) record(event);
    return written;
  });

  const openAlone = atomic(db, open);
  const enter = atomic(db, ({ opening, subject, person }: CourseEntry, decide: EntryDecision): EnteredCourse => {
    const opened = open(opening);
    const { channel } = opened;
    if (channel.deletedAt !== null) return { ...opened, entered: null };
    const { platformId, at } = opening;
    const { id: userId } = users.upsert({ platformId, subject, person, at });
    const current = members.find(channel.id, userId);
    const next = decide(current, channel, userId);
    const membership = next ? members.put(current, { ...next, channelId: channel.id, userId }, at) : current;
    return { ...opened, entered: { userId, membership } };
  });

  return {
    openChannelForContext: async (opening) => openAlone(opening),
    enterByLaunch: async (entry, decide) => enter(entry, decide),
    findChannel: async (id) => channels.find(id),
    listChannels: async (filter, page) => list(filter, page),
    listMyChannels: createMyChannels(db, channels.find),
    updateChannel: async (...asked) => update(...asked),
    contextsOfChannel: async (channelId) => contexts.ofChannel(channelId),
    findContext: async (platformId, contextId) => contexts.find(platformId, contextId),
  };
}

function channelRows(db: Database) {
  const byId = db.prepare<[string], ChannelRow>(`SELECT ${COLUMNS} FROM channels WHERE id = ? AND purging = 0`);
  const insert = db.prepare<[WrittenRow], ChannelRow>(
    `INSERT INTO channels (id, platform_id, tenant, reference_id, title, label, given_name, description, tags, privacy,
       contribution_policy, moderated, owner_id, auto_sync, departed_overrides, ask_before_removals, deleted_at,
       created_at, updated_at, version, sort_key, search)
     VALUES (@id, @platformId, @tenant,
       CASE WHEN EXISTS (SELECT 1 FROM channels WHERE platform_id = @platformId AND reference_id = @referenceId)
         THEN NULL ELSE @referenceId END,
       @title, @label, @givenName, @description, @tags, @privacy, @contributionPolicy, @moderated, @ownerId,
       @autoSync, @departedOverrides, @askBeforeRemovals, @deletedAt, @createdAt, @updatedAt, @version, @sortKey, @search)
     RETURNING ${COLUMNS}`,
  );
  // A channel whose time for being restored is over is not to come back as an empty shell.
  const update = db.prepare<[WrittenRow], ChannelRow>(
    `UPDATE OR IGNORE channels SET tenant = @tenant, reference_id = @referenceId, title = @title, label = @label,
       given_name = @givenName, description = @description, tags = @tags, privacy = @privacy,
       contribution_policy = @contributionPolicy, moderated = @moderated, owner_id = @ownerId,
       auto_sync = @autoSync, departed_overrides = @departedOverrides, ask_before_removals = @askBeforeRemovals,
       deleted_at = @deletedAt, updated_at = @updatedAt, version = version + 1, sort_key = @sortKey, search = @search
     WHERE id = @id AND version = @version AND purging = 0
       AND (@deletedAt IS NOT NULL OR coalesce(deleted_at, @updatedAt) > @updatedAt - ${DELETED_KEPT_MS})
     RETURNING ${COLUMNS}`,
  );

  function find(id: ChannelId): Channel | null {
    const row = byId.get(id);
    return row ? read(row) : null;
  }

  /** Null when the version has moved on, or when another channel of the platform has the reference ID. */
  function change(channel: Channel, at: number): Channel | null {
    const row = update.get(toRow({ ...channel, updatedAt: at }));
    return row ? read(row) : null;
  }

  return {
    find,
    update: change,
    insert: (channel: Channel): Channel => read(existing(insert.get(toRow(channel)))),
    /** The channel of a context that was launched just now, with what the launch said of it. */
    follow({ channelId, title, label }: CourseContext, { fresh, at }: ChannelOpening): Channel {
      const channel = existing(find(channelId));
      const tenant = fresh.tenant ?? channel.tenant;
      if (channel.title === title && channel.label === label && channel.tenant === tenant) return channel;
      return existing(change({ ...channel, title, label, tenant }, at));
    },
  };
}

/** Lists, a statement for each set of filters, made when it is first asked for. */
function channelLists(db: Database): (filter: ChannelFilter, page: PageRequest) => Page<Channel> {
  const made = new Map<string, ReturnType<typeof prepare>>();
  const prepare = (sql: string) => db.prepare<[Record<string, unknown>], ChannelRow>(sql);

  return (filter, page) => {
    const position = positionOf(page, ['number', 'string']);
    const { deleted: _, ...parameters } = filter;
    const conditions = [filter.deleted ? 'deleted_at IS NOT NULL AND purging = 0' : 'deleted_at IS NULL'];
    if (filter.platformId !== undefined) conditions.push('platform_id = @platformId');
    if (filter.referenceId !== undefined) conditions.push('reference_id = @referenceId');
    if (filter.contextId !== undefined) {
      conditions.push('id IN (SELECT channel_id FROM contexts WHERE context_id = @contextId)');
    }
    if (position) conditions.push('(created_at, id) > (@createdAt, @id)');
    const where = conditions.join(' AND ');
    const statement =
      made.get(where) ?? prepare(`SELECT ${COLUMNS} FROM channels WHERE ${where} ORDER BY created_at, id LIMIT @limit`);
    made.set(where, statement);
    const rows = statement.all({ ...parameters, createdAt: position?.[0], id: position?.[1], limit: page.limit + 1 });
    return toPage(rows, page.limit, { item: read, position: (row) => [row.createdAt, row.id] });
  };
}

function toRow({ sync, ...channel }: Channel): WrittenRow {
  const stored = {
    ...channel,
    title: wellFormed(channel.title),
    givenName: channel.givenName === null ? null : wellFormed(channel.givenName),
    description: wellFormed(channel.description),
  };
  return {
    ...stored,
    tags: toJson(channel.tags),
    moderated: toFlag(channel.moderated),
    autoSync: toFlag(sync.automatic),
    departedOverrides: sync.departedOverrides,
    askBeforeRemovals: toFlag(sync.askBeforeRemovals),
    sortKey: channelSortKey(stored),
    search: channelSearchText(stored),
  };
}

function read({ autoSync, departedOverrides, askBeforeRemovals, ...row }: ChannelRow): Channel {
  const sync = { automatic: autoSync === 1, departedOverrides, askBeforeRemovals: askBeforeRemovals === 1 };
  return { ...row, tags: fromJson(row.tags), moderated: row.moderated === 1, sync };
}

function existing<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('A channel row that must exist was not found');
  return value;
}
