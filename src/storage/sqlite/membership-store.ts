import type { MembershipStore, RosterDecision, RosterSlice } from '../../channels/channel-store.ts';
import { managersGained } from '../../channels/member-changes.ts';
import type { Membership } from '../../channels/membership.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { wellFormed } from '../../lib/fold.ts';
import { failure, type Result, success } from '../../lib/result.ts';
import { createActivityRecorder } from './activity-store.ts';
import { atomic, type Database } from './database.ts';
import { createMemberLists } from './member-lists.ts';
import { createMembershipRows, type MembershipRows } from './membership-rows.ts';
import { createUserRows, type UserRows } from './user-rows.ts';
import { createUserSearch } from './user-search.ts';

type Change = Parameters<MembershipStore['changeMembership']>;

type ChangeKey = Change[0];

export function createMembershipStore(db: Database): MembershipStore {
  const users = createUserRows(db);
  const members = createMembershipRows(db);
  const applySlice = rosterSlices(db, users, members);

  const change = membershipChanges(db, members);

  return {
    ...createMemberLists(db),
    ...createUserSearch(db),
    upsertUser: async (user) => users.upsert(user),
    findUser: async (id) => users.find(id),
    findUserBySubject: async (platformId, subject) => users.findBySubject(platformId, subject),
    findMembership: async (channelId, userId) => members.find(channelId, userId),
    isTestStudent: async (userId) => members.isTestStudent(userId),
    changeMembership: async (...asked) => change.any(...asked),
    changeKeepingManager: async (...asked) => change.keepingManager(...asked),
    applyRosterDiff: async (slice, decide) => applySlice(slice, decide),
  };
}

function membershipChanges(db: Database, members: MembershipRows) {
  const remove = db.prepare<[string, string]>('DELETE FROM memberships WHERE channel_id = ? AND user_id = ?');
  const record = createActivityRecorder(db);

  const another = db
    .prepare<[string, string], number>(
      `SELECT 1 FROM memberships INDEXED BY memberships_counted
       WHERE channel_id = ? AND active = 1 AND level = 'manager' AND is_test = 0 AND user_id <> ? LIMIT 1`,
    )
    .pluck();

  function write(key: ChangeKey, current: Membership | null, next: Membership | 'remove' | null): Membership | null {
    if (next === null) return current;
    const { channelId, userId, at } = key;
    if (next !== 'remove') return members.put(current, { ...next, channelId, userId }, at);
    remove.run(channelId, userId);
    return null;
  }

  function change(asked: Change, mayWrite: typeof leavesManager): Result<Membership | null, 'last-manager'> {
    const [key, decide, note] = asked;
    const current = members.find(key.channelId, key.userId);
    const next = decide(current);
    if (!mayWrite(key, current, next)) return failure('last-manager');
    const stands = write(key, current, next);
    const event = note && stands !== current ? note(current, stands) : null;
    if (event) record(event);
    return success(stands);
  }

  function leavesManager(key: ChangeKey, current: Membership | null, next: Membership | 'remove' | null): boolean {
    if (next === null || managersGained(current, next === 'remove' ? null : next) >= 0) return true;
    return another.get(key.channelId, key.userId) !== undefined;
  }

  return {
    any: atomic(db, (...asked: Change): Membership | null => {
      const changed = change(asked, () => true);
      return changed.ok ? changed.value : null;
    }),
    keepingManager: atomic(db, (...asked: Change) => change(asked, leavesManager)),
  };
}

function rosterSlices(db: Database, users: UserRows, members: MembershipRows) {
  const position = db.prepare<[string], { applied: number; restarts: number }>(
    'SELECT applied_changes AS applied, restarts FROM sync_runs WHERE id = ?',
  );
  const move = db.prepare<[number, string]>('UPDATE sync_runs SET applied_changes = ? WHERE id = ?');

  function applyChange(slice: RosterSlice, change: RosterChange, decide: RosterDecision): void {
    const subject = wellFormed(change.subject);
    const userId = userOf(users, slice, change);
    if (userId === null) return;
    const key = { channelId: slice.channelId, userId, subject };
    const current = members.find(slice.channelId, userId);
    const next = decide(current, change, key);
    if (next) members.put(current, { ...next, ...key }, slice.at);
  }

  return atomic(db, (slice: RosterSlice, decide: RosterDecision): boolean => {
    const stands = position.get(slice.syncId);
    // A process that lost the lease and woke up late must not bring an old roster back.
    if (!stands || stands.restarts > slice.attempt) return false;
    if (stands.applied >= slice.upTo) return true;
    for (const change of slice.changes) applyChange(slice, change, decide);
    move.run(slice.upTo, slice.syncId);
    return true;
  });
}

/** The user of a change, made if the roster lists somebody new; null for somebody unknown whom it does not list. */
function userOf(users: UserRows, { platformId, at }: RosterSlice, { subject, entry }: RosterChange) {
  if (entry) return users.upsert({ platformId, subject, person: entry.person, at }).id;
  return users.findBySubject(platformId, subject)?.id ?? null;
}
