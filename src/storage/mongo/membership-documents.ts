import { type Connection, type Model, Schema } from 'mongoose';
import type { ChannelId, UserId } from '../../channels/channel.ts';
import type { MembershipStore } from '../../channels/channel-store.ts';
import type { Membership } from '../../channels/membership.ts';
import { type MembershipDocument, memberKey, toMembership } from './membership-fields.ts';
import { createMemberWrites } from './membership-writes.ts';
import { defineModel, rowsOf } from './model.ts';

/**
 * Shard key: {channelId: 1, userId: 1}. All that lists and syncs do is about one channel; what asks for all channels of
 * a person (`of_user`) asks all shards. There is one document for a person in a channel because `_id` is made of both,
 * which keeps it unique on any number of shards.
 */
const schema = new Schema<MembershipDocument>({
  _id: { type: String, required: true },
  channelId: { type: String, required: true },
  userId: { type: String, required: true },
  subject: String,
  person: { name: String, email: String },
  isTest: Boolean,
  rosterLevel: String,
  rosterRoles: String,
  rosterInactive: Boolean,
  launchLevel: String,
  launchRoles: String,
  launchAt: Number,
  rosterRolesAtLaunch: String,
  override: String,
  addedBy: String,
  inactiveReason: String,
  level: String,
  updateMethod: String,
  active: Boolean,
  lastSeenAt: Number,
  createdAt: Number,
  updatedAt: Number,
  version: Number,
  sortKey: String,
  search: String,
  rosterMark: String,
  stamp: { type: String, required: true },
  gone: Boolean,
  pending: { type: [Schema.Types.Mixed], default: undefined },
  pendingSince: Number,
});
// allMembers; all that a sync which finds nothing new reads. Begins with the shard key, as it must.
schema.index({ channelId: 1, userId: 1, active: 1, subject: 1, rosterMark: 1 }, { name: 'keys' });
// listMembers, in its order. What it filters by, the searched text included, stands in the index: a page, its total and
// a search through 10,000 members read no document that is not shown.
schema.index(
  {
    ...{ channelId: 1, sortKey: 1, userId: 1, active: 1, level: 1, updateMethod: 1, inactiveReason: 1 },
    search: 1,
  },
  { name: 'listed' },
);
// countMembers, totals without a search, and the managers that changeKeepingManager counts, from small entries alone.
schema.index(
  { channelId: 1, active: 1, level: 1, isTest: 1, updateMethod: 1, inactiveReason: 1, userId: 1 },
  { name: 'counted' },
);
// The channels of a person: listMyChannels, isTestStudent, searchUsers.
schema.index({ userId: 1, active: 1, isTest: 1, channelId: 1, level: 1 }, { name: 'of_user' });
// What a crash left pending.
schema.index({ pendingSince: 1 }, { name: 'pending', sparse: true });

export function membershipModel(db: Connection): Model<MembershipDocument> {
  return defineModel(db, 'memberships', schema);
}

/** Single memberships, for the stores that read or change them. */
export type MembershipRows = {
  find(channelId: ChannelId, userId: UserId): Promise<Membership | null>;
  /** Whether any membership of the user says so. */
  isTestStudent(userId: UserId): Promise<boolean>;
  change: MembershipStore['changeMembership'];
};

export function createMembershipRows(db: Connection): MembershipRows {
  const rows = rowsOf(membershipModel(db));
  const writes = createMemberWrites(db, rows);
  return {
    async find(channelId, userId) {
      const found = await rows.findOne(memberKey(channelId, userId));
      return found && toMembership(found);
    },
    async isTestStudent(userId) {
      const found = await rows.findOne({ userId, isTest: true }, { projection: { _id: 1 } });
      return found !== null;
    },
    change: writes.change,
  };
}
