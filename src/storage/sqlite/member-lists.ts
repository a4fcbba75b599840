import type { ChannelId, UserId } from '../../channels/channel.ts';
import type { MemberCounts, MemberFilter, MembershipStore } from '../../channels/channel-store.ts';
import type { Membership } from '../../channels/membership.ts';
import type { PermissionLevel } from '../../channels/permission-level.ts';
import { memberSearch } from '../member-keys.ts';
import { positionOf, toPage } from '../paging.ts';
import { toFlag } from './columns.ts';
import type { Database } from './database.ts';
import { listPosition, MEMBERSHIP_COLUMNS, type MembershipRow, readMembership } from './membership-rows.ts';

type PassOver = (subject: string, mark: string | null) => boolean;

type FilterParameters = {
  channelId: ChannelId;
  level: string | null;
  active: number | null;
  inactiveReason: string | null;
  updateMethod: string | null;
  q: string | null;
};

const MATCHES = `channel_id = @channelId
  AND (@level IS NULL OR level = @level)
  AND (@active IS NULL OR active = @active)
  AND (@inactiveReason IS NULL OR inactive_reason = @inactiveReason)
  AND (@updateMethod IS NULL OR update_method = @updateMethod)`;
// instr takes the search as it is; LIKE would read % and _ in it.
const FOUND = '(@q IS NULL OR instr(search, @q) > 0)';

export function createMemberLists(db: Database): Pick<MembershipStore, 'listMembers' | 'allMembers' | 'countMembers'> {
  const list = db
    .prepare<FilterParameters & { sortKey: string; userId: string; limit: number }, MembershipRow>(
      `SELECT ${MEMBERSHIP_COLUMNS} FROM memberships INDEXED BY memberships_listed
     WHERE ${MATCHES} AND ${FOUND} AND (sort_key, user_id) > (@sortKey, @userId)
     ORDER BY sort_key, user_id LIMIT @limit`,
    )
    .raw();
  const total = countStatement(db, 'memberships_counted', MATCHES);
  const totalFound = countStatement(db, 'memberships_listed', `${MATCHES} AND ${FOUND}`);
  const slice = db
    .prepare<[string, string, number], MembershipRow>(
      `SELECT ${MEMBERSHIP_COLUMNS} FROM memberships WHERE channel_id = ? AND user_id > ? ORDER BY user_id LIMIT ?`,
    )
    .raw();
  const one = db
    .prepare<[string, string], MembershipRow>(
      `SELECT ${MEMBERSHIP_COLUMNS} FROM memberships WHERE channel_id = ? AND user_id = ?`,
    )
    .raw();
  const marks = db
    .prepare<[string, string, number], [UserId, string, string | null]>(
      `SELECT user_id, subject, roster_mark FROM memberships
       WHERE channel_id = ? AND user_id > ? ORDER BY user_id LIMIT ?`,
    )
    .raw();
  const groups = db.prepare<[string], CountRow>(
    `SELECT active, level, update_method AS updateMethod, count(*) AS people
     FROM memberships INDEXED BY memberships_counted
     WHERE channel_id = ? AND is_test = 0 GROUP BY active, level, update_method`,
  );

  async function* slices(channelId: ChannelId, size: number): AsyncGenerator<Membership[]> {
    for (let after = '', more = true; more; ) {
      const members: Membership[] = slice.all(channelId, after, size).map(readMembership);
      if (members.length > 0) yield members;
      after = members.at(-1)?.userId ?? after;
      more = members.length === size;
    }
  }

  async function* membersLeft(channelId: ChannelId, size: number, passOver: PassOver): AsyncGenerator<Membership[]> {
    for (let after = '', more = true; more; ) {
      const keys = marks.all(channelId, after, size);
      const left = keys.filter(([, subject, mark]) => !passOver(subject, mark));
      yield left.flatMap(([userId]) => one.all(channelId, userId).map(readMembership));
      after = keys.at(-1)?.[0] ?? after;
      more = keys.length === size;
    }
  }

  return {
    async listMembers(channelId, filter, page) {
      const parameters = filterParameters(channelId, filter);
      // No sort key is empty, so this stands before all of them.
      const [sortKey, userId] = positionOf(page, ['string', 'string']) ?? ['', ''];
      const rows = list.all({ ...parameters, sortKey, userId, limit: page.limit + 1 });
      const shown = toPage(rows, page.limit, { item: readMembership, position: listPosition });
      return { ...shown, total: (parameters.q === null ? total : totalFound).get(parameters) ?? 0 };
    },
    allMembers: (channelId, sliceSize, passOver) =>
      passOver ? membersLeft(channelId, sliceSize, passOver) : slices(channelId, sliceSize),
    countMembers: async (channelId) => sumUp(groups.all(channelId)),
  };
}

function countStatement(db: Database, index: string, where: string) {
  return db
    .prepare<FilterParameters, number>(`SELECT count(*) FROM memberships INDEXED BY ${index} WHERE ${where}`)
    .pluck();
}

function filterParameters(channelId: ChannelId, filter: MemberFilter): FilterParameters {
  return {
    channelId,
    level: filter.level ?? null,
    active: filter.active === undefined ? null : toFlag(filter.active),
    inactiveReason: filter.inactiveReason ?? null,
    updateMethod: filter.updateMethod ?? null,
    q: memberSearch(filter.q),
  };
}

type CountRow = { active: number; level: PermissionLevel; updateMethod: Membership['updateMethod']; people: number };

function sumUp(rows: CountRow[]): MemberCounts {
  const counts: MemberCounts = {
    active: { manager: 0, moderator: 0, contributor: 0, member: 0 },
    total: 0,
    inactive: 0,
    manual: 0,
  };
  for (const { active, level, updateMethod, people } of rows) {
    if (active === 0) {
      counts.inactive += people;
      continue;
    }
    counts.active[level] += people;
    counts.total += people;
    if (updateMethod === 'manual') counts.manual += people;
  }
  return counts;
}
