import type { MembershipStore, RosterDecision, RosterSlice } from '../../channels/channel-store.ts';
import type { RosterChange } from '../../channels/sync-run.ts';
import { wellFormed } from '../../lib/fold.ts';
import { atomic, type Database } from './database.ts';
import { createMemberLists } from './member-lists.ts';
import { createMembershipRows, type MembershipRows } from './membership-rows.ts';
import { createUserRows, type UserRows } from './user-rows.ts';

type ChangeMembership = MembershipStore['changeMembership'];

export function createMembershipStore(db: Database): MembershipStore {
  const users = createUserRows(db);
  const members = createMembershipRows(db);
  const applySlice = rosterSlices(db, users, members);

  const change = atomic(db, (key: Parameters<ChangeMembership>[0], decide: Parameters<ChangeMembership>[1]) => {
    const current = members.find(key.channelId, key.userId);
    const next = decide(current);
    return next ? members.put(current, { ...next, channelId: key.channelId, userId: key.userId }, key.at) : current;
  });

  return {
    ...createMemberLists(db),
    upsertUser: async (user) => users.upsert(user),
    findUser: async (id) => users.find(id),
    findMembership: async (channelId, userId) => members.find(channelId, userId),
    changeMembership: async (key, decide) => change(key, decide),
    applyRosterDiff: async (slice, decide) => applySlice(slice, decide),
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
