import type { MembershipStore, RosterDecision, RosterSlice } from '../../channels/channel-store.ts';
import type { Membership } from '../../channels/membership.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { wellFormed } from '../../lib/fold.ts';
import { createActivityRecorder } from './activity-store.ts';
import { atomic, type Database } from './database.ts';
import { createMemberLists } from './member-lists.ts';
import { createMembershipRows, type MembershipRows } from './membership-rows.ts';
import { createUserRows, type UserRows } from './user-rows.ts';
import { createUserSearch } from './user-search.ts';

type ChangeKey = Parameters<MembershipStore['changeMembership']>[0];

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
    changeMembership: async (...asked) => change(...asked),
    applyRosterDiff: async (slice, decide) => applySlice(slice, decide),
  };
}

function membershipChanges(db: Database, members: MembershipRows) {
  const remove = db.prepare<[string, string]>('DELETE FROM memberships WHERE channel_id = ? AND user_id = ?');
  const record = createActivityRecorder(db);

  function write(key: ChangeKey, current: Membership | null, next: Membership | 'remove' | null): Membership | null {
    if (next === null) return current;
    const { channelId, userId, at } = key;
    if (next !== 'remove') return members.put(current, { ...next, channelId, userId }, at);
    remove.run(channelId, userId);
    return null;
  }

  return atomic(db, (...[key, decide, note]: Parameters<MembershipStore['changeMembership']>) => {
    const current = members.find(key.channelId, key.userId);
    const stands = write(key, current, decide(current));
    if (note && stands !== current) record(note(current, stands));
    return stands;
  });
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
