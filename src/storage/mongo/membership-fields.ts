import type { ChannelId, UserId } from '../../channels/channel.ts';
import type { Membership } from '../../channels/membership.ts';
import { memberMark } from '../../channels/roster-mark.ts';
import { newId } from '../../lib/ids.ts';
import { memberKeys } from '../member-keys.ts';
import type { WithPending } from './pending-events.ts';

/** What a list shows, finds and sorts by, and what a sync compares: made from the membership with every write of it. */
type Derived = { sortKey: string; search: string; rosterMark: string | null };

/**
 * A membership; `_id` holds its shard key. One that was removed and has an event to be recorded still (`gone`) keeps
 * nothing of these fields but the key and the stamp.
 */
export type MembershipDocument = WithPending &
  Membership &
  Derived & {
    /**
     * Another one with every write, so that a write which names the one it saw meets nothing that came between. A version
     * would not do: who is removed and added again begins with the same one.
     */
    stamp: string;
  };

/** Finds one membership, on the one shard that has it. */
export function memberKey(channelId: ChannelId, userId: UserId) {
  return { _id: `${channelId}/${userId}`, channelId, userId };
}

/** The document's fields for a membership, its key and what is pending aside. */
export function memberFields(member: Membership): Omit<MembershipDocument, '_id' | 'channelId' | 'userId'> {
  const { name, email } = member.person;
  return {
    subject: member.subject,
    person: { name, email },
    isTest: member.isTest,
    rosterLevel: member.rosterLevel,
    rosterRoles: member.rosterRoles,
    rosterInactive: member.rosterInactive,
    launchLevel: member.launchLevel,
    launchRoles: member.launchRoles,
    launchAt: member.launchAt,
    rosterRolesAtLaunch: member.rosterRolesAtLaunch,
    override: member.override,
    addedBy: member.addedBy,
    inactiveReason: member.inactiveReason,
    level: member.level,
    updateMethod: member.updateMethod,
    active: member.active,
    lastSeenAt: member.lastSeenAt,
    createdAt: member.createdAt,
    updatedAt: member.updatedAt,
    version: member.version,
    ...memberKeys(member.subject, member.person),
    rosterMark: memberMark(member),
    stamp: newStamp(member.updatedAt),
  };
}

export function newStamp(at: number): string {
  return newId(at);
}

/** The membership of a document; null for one that was removed. Field by field: nothing else of it gets out. */
export function toMembership(document: MembershipDocument): Membership | null {
  return document.gone ? null : toMember(document);
}

/** The same for a document that is known to be there still. */
export function toMember(document: MembershipDocument): Membership {
  return {
    channelId: document.channelId,
    userId: document.userId,
    subject: document.subject,
    person: { name: document.person.name, email: document.person.email },
    isTest: document.isTest,
    rosterLevel: document.rosterLevel,
    rosterRoles: document.rosterRoles,
    rosterInactive: document.rosterInactive,
    launchLevel: document.launchLevel,
    launchRoles: document.launchRoles,
    launchAt: document.launchAt,
    rosterRolesAtLaunch: document.rosterRolesAtLaunch,
    override: document.override,
    addedBy: document.addedBy,
    inactiveReason: document.inactiveReason,
    level: document.level,
    updateMethod: document.updateMethod,
    active: document.active,
    lastSeenAt: document.lastSeenAt,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    version: document.version,
  };
}
