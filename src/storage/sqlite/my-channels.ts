import type { Channel, ChannelId } from '../../channels/channel.ts';
import {
  type ChannelPerson,
  type ChannelStore,
  MOST_COUNTED,
  type MyChannel,
  type MyChannelsFilter,
} from '../../channels/channel-store.ts';
import type { PermissionLevel } from '../../channels/permission-level.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import type { Database } from './database.ts';

type Parameters = ChannelPerson & { q: string | null };
type Position = { sortKey: string; id: string; limit: number };
type PickedRow = { id: ChannelId; sortKey: string; level: PermissionLevel | null };

/** From which rows each scope takes its channels, and the level it shows. Indexes are named: thousands are walked. */
const SCOPES: Record<MyChannelsFilter['scope'], { level: string; from: string }> = {
  // Not the platform's channels in their order, but the person's own: few, as a rule, of very many.
  mine: {
    level: 'memberships.level',
    from: `memberships INDEXED BY memberships_of_user
      CROSS JOIN channels INDEXED BY channels_named ON channels.id = memberships.channel_id
      WHERE memberships.user_id = @userId AND memberships.active = 1 AND channels.deleted_at IS NULL`,
  },
  open: {
    level: 'NULL',
    from: `channels INDEXED BY channels_to_visit
      WHERE channels.platform_id = @platformId AND channels.privacy <> 'private' AND channels.deleted_at IS NULL
        AND channels.tenant IS @tenant
        AND NOT EXISTS (SELECT 1 FROM memberships WHERE channel_id = channels.id AND user_id = @userId)`,
  },
  deleted: {
    level: 'memberships.level',
    from: `channels INDEXED BY channels_deleted
      LEFT JOIN memberships ON memberships.channel_id = channels.id AND memberships.user_id = @userId
        AND memberships.active = 1
      WHERE channels.platform_id = @platformId AND channels.deleted_at IS NOT NULL AND channels.purging = 0
        AND (channels.owner_id = @userId OR (channels.owner_id IS NULL AND memberships.level = 'manager'))`,
  },
};

/**
 * Those of `mine`, when nothing is searched for: a page shows this total beside every scope, and this way no channel is
 * looked at but the deleted ones, which are few.
 */
const COUNT_MINE = `SELECT
  (SELECT count(*) FROM memberships INDEXED BY memberships_of_user WHERE user_id = @userId AND active = 1) -
  (SELECT count(*) FROM channels INDEXED BY channels_deleted
     CROSS JOIN memberships ON memberships.channel_id = channels.id AND memberships.user_id = @userId
     WHERE channels.platform_id = @platformId AND channels.deleted_at IS NOT NULL AND memberships.active = 1)`;

/** The channels of one person. They are picked from indexes alone; `find` reads those of the page. */
export function createMyChannels(
  db: Database,
  find: (id: ChannelId) => Channel | null,
): ChannelStore['listMyChannels'] {
  const scopes = {
    mine: prepareScope(db, 'mine'),
    open: prepareScope(db, 'open'),
    deleted: prepareScope(db, 'deleted'),
  };
  const countMine = db.prepare<[Parameters], number>(COUNT_MINE).pluck();
  return async (person, { scope, q }, page) => {
    const { pick, count } = scopes[scope];
    const { platformId, userId, tenant } = person;
    const parameters: Parameters = { platformId, userId, tenant, q: memberSearch(q) };
    // No ID is empty, so this stands before all of them.
    const [sortKey, id] = positionOf(page, ['string', 'string']) ?? ['', ''];
    const rows = page.limit === 0 ? [] : pick.all({ ...parameters, sortKey, id, limit: page.limit + 1 });
    const picked = toPage(rows, page.limit, { item: (row) => row, position: (row) => [row.sortKey, row.id] });
    const items = picked.items.flatMap((row): MyChannel[] => {
      const channel = find(row.id);
      return channel ? [{ channel, level: row.level }] : [];
    });
    const counting = scope === 'mine' && parameters.q === null ? countMine : count;
    const counted = counting.get(parameters) ?? 0;
    const total = Math.min(counted, MOST_COUNTED);
    return { items, nextCursor: picked.nextCursor, total, totalIsCapped: counted > total };
  };
}

function prepareScope(db: Database, scope: MyChannelsFilter['scope']) {
  const { level, from } = SCOPES[scope];
  // instr takes the search as it is; LIKE would read % and _ in it.
  const found = `${from} AND (@q IS NULL OR instr(channels.search, @q) > 0)`;
  return {
    pick: db.prepare<[Parameters & Position], PickedRow>(
      `SELECT channels.id, channels.sort_key AS sortKey, ${level} AS level FROM ${found}
         AND (channels.sort_key, channels.id) > (@sortKey, @id)
       ORDER BY channels.sort_key, channels.id LIMIT @limit`,
    ),
    count: db
      .prepare<[Parameters], number>(`SELECT count(*) FROM (SELECT 1 FROM ${found} LIMIT ${MOST_COUNTED + 1})`)
      .pluck(),
  };
}
