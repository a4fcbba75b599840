import type { ChannelId, UserId } from '../../channels/channel.ts';
import { type Membership, sameMembership } from '../../channels/membership.ts';
import { memberMark } from '../../channels/roster-mark.ts';
import { wellFormed } from '../../lib/fold.ts';
import { memberKeys } from '../member-keys.ts';
import { toFlag } from './columns.ts';
import type { Database } from './database.ts';
import { wellFormedPerson } from './user-rows.ts';

/** A row as an array: thousands are read at once, and an object for each costs three times as much. */
export type MembershipRow = readonly (string | number | null)[];

export const MEMBERSHIP_COLUMNS = `channel_id, user_id, subject, created_at, name, email, is_test,
  roster_level, roster_roles, launch_level, launch_roles, launch_at, roster_roles_at_launch,
  override, added_by, inactive_reason, level, update_method, active, last_seen_at, updated_at, version, sort_key,
  roster_inactive`;

/** The rows of `memberships`; the membership store calls these inside its transactions. */
export type MembershipRows = {
  find(channelId: ChannelId, userId: UserId): Membership | null;
  /** Whether any membership of the user says so. */
  isTestStudent(userId: UserId): boolean;
  /** Writes `next` unless it says what `current` says; returns what stands. Version and time are set here. */
  put(current: Membership | null, next: Membership, at: number): Membership;
};

export function createMembershipRows(db: Database): MembershipRows {
  const byKey = db
    .prepare<[string, string], MembershipRow>(
      `SELECT ${MEMBERSHIP_COLUMNS} FROM memberships WHERE channel_id = ? AND user_id = ?`,
    )
    .raw();
  const asTestStudent = db
    .prepare<[string], number>(
      'SELECT 1 FROM memberships INDEXED BY memberships_of_user WHERE user_id = ? AND is_test = 1 LIMIT 1',
    )
    .pluck();
  const insert = db.prepare<unknown[]>(
    `INSERT INTO memberships (channel_id, user_id, subject, created_at, ${STATE_COLUMNS.join(', ')})
     VALUES (?, ?, ?, ?, ${STATE_COLUMNS.map(() => '?').join(', ')})`,
  );
  const update = db.prepare<unknown[]>(
    `UPDATE memberships SET ${STATE_COLUMNS.map((column) => `${column} = ?`).join(', ')}
     WHERE channel_id = ? AND user_id = ?`,
  );
  return {
    find(channelId, userId) {
      const row = byKey.get(channelId, userId);
      return row ? readMembership(row) : null;
    },
    isTestStudent: (userId) => asTestStudent.get(userId) !== undefined,
    put(current, next, at) {
      const storable = { ...next, person: wellFormedPerson(next.person) };
      if (current && sameMembership(current, storable)) return current;
      const { subject, createdAt, version } = current ?? { ...next, subject: wellFormed(next.subject), version: 0 };
      const written = { ...storable, subject, createdAt, updatedAt: at, version: version + 1 };
      if (current) update.run(...stateValues(written), next.channelId, next.userId);
      else insert.run(next.channelId, next.userId, subject, createdAt, ...stateValues(written));
      return written;
    },
  };
}

/** What a change may touch, in the order of `stateValues`. */
const STATE_COLUMNS = [
  ...['name', 'email', 'is_test', 'roster_level', 'roster_roles', 'launch_level', 'launch_roles', 'launch_at'],
  ...['roster_roles_at_launch', 'override', 'added_by', 'inactive_reason', 'level', 'update_method', 'active'],
  ...['last_seen_at', 'updated_at', 'version', 'sort_key', 'search', 'roster_mark', 'roster_inactive'],
];

function stateValues(member: Membership): (string | number | null)[] {
  const { person, subject } = member;
  const { sortKey, search } = memberKeys(subject, person);
  return [
    person.name,
    person.email,
    toFlag(member.isTest),
    member.rosterLevel,
    member.rosterRoles,
    member.launchLevel,
    member.launchRoles,
    member.launchAt,
    member.rosterRolesAtLaunch,
    member.override,
    member.addedBy,
    member.inactiveReason,
    member.level,
    member.updateMethod,
    toFlag(member.active),
    member.lastSeenAt,
    member.updatedAt,
    member.version,
    sortKey,
    search,
    memberMark(member),
    toFlag(member.rosterInactive),
  ];
}

/** Reads a row of `MEMBERSHIP_COLUMNS`. */
export function readMembership(row: MembershipRow): Membership {
  return {
    channelId: row[0] as Membership['channelId'],
    userId: row[1] as Membership['userId'],
    subject: row[2] as string,
    createdAt: row[3] as number,
    person: { name: row[4] as string | null, email: row[5] as string | null },
    isTest: row[6] === 1,
    rosterLevel: row[7] as Membership['rosterLevel'],
    rosterRoles: row[8] as string | null,
    rosterInactive: row[23] === 1,
    launchLevel: row[9] as Membership['launchLevel'],
    launchRoles: row[10] as string | null,
    launchAt: row[11] as number | null,
    rosterRolesAtLaunch: row[12] as string | null,
    override: row[13] as Membership['override'],
    addedBy: row[14] as Membership['addedBy'],
    inactiveReason: row[15] as Membership['inactiveReason'],
    level: row[16] as Membership['level'],
    updateMethod: row[17] as Membership['updateMethod'],
    active: row[18] === 1,
    lastSeenAt: row[19] as number | null,
    updatedAt: row[20] as number,
    version: row[21] as number,
  };
}

/** Where the row stands in lists: its sort key, then its user. */
export function listPosition(row: MembershipRow): [string, string] {
  return [row[22] as string, row[1] as string];
}
