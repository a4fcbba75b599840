import type { Connection } from 'mongoose';
import type { MembershipStore } from '../../channels/channel-store.ts';
import { createKeepingManager } from './keeping-manager.ts';
import { createMemberLists } from './member-lists.ts';
import { createMembershipRows } from './membership-documents.ts';
import { createRosterSlices } from './roster-slices.ts';
import { createUserRows } from './user-documents.ts';
import { createUserSearch } from './user-search.ts';

export function createMembershipStore(db: Connection): MembershipStore {
  const users = createUserRows(db);
  const members = createMembershipRows(db);
  return {
    ...createMemberLists(db),
    ...createUserSearch(db),
    upsertUser: users.upsert,
    findUser: users.find,
    findUserBySubject: users.findBySubject,
    findMembership: members.find,
    isTestStudent: members.isTestStudent,
    changeMembership: members.change,
    changeKeepingManager: createKeepingManager(db),
    applyRosterDiff: createRosterSlices(db),
  };
}
