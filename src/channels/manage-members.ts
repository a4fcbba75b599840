import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { newActivity, writeState } from './activity.ts';
import type { Channel, ChannelId, User, UserId } from './channel.ts';
import type { ActivityEvent, ActivityStore, ChannelStore, LeaseStore, MembershipStore } from './channel-store.ts';
import { withLease } from './lease.ts';
import { decideChange, type MemberChange, type MemberRefusal, type MemberRules } from './member-changes.ts';
import { decideEntry, type EntryRefusal, type MemberEntry } from './member-entries.ts';
import type { Membership, Person } from './membership.ts';
import { setByHand } from './set-by-hand.ts';

/** What a caller saw before it asked for a change: another writer since then is told to it instead of overruled. */
export type Seen = { version: number } | { standing: string };

export type MemberChangeRequest = {
  channelId: ChannelId;
  userId: UserId;
  change: MemberChange;
  /** Whether what a person set may be replaced; people say so by doing it, API calls by `override=true`. */
  override: boolean;
  /** Null: whatever stands. */
  seen: Seen | null;
  /** Who does it: `user:ID` or `api-key:ID`. */
  actor: string;
};

export type MemberEntryRequest = Omit<MemberChangeRequest, 'userId' | 'change'> & {
  /** Somebody known, or an ID of the LMS (`sub`) that may be new, with what is known of the person. */
  who: { userId: UserId } | { subject: string; person: Person };
  entry: MemberEntry;
};

export type MemberResult = {
  /** As it stands afterwards; the removed one after a removal. */
  membership: Membership;
  result: 'added' | 'changed' | 'unchanged' | 'removed';
  /** What the change is called in the channel's activity, for undoing it; null when nothing changed. */
  activityId: string | null;
};

export type ManageMembers = {
  change(request: MemberChangeRequest): Promise<Result<MemberResult, MemberRefusal | 'no-such-channel'>>;
  /** Enters a person, or brings a member to the entry's level; the same entry twice changes nothing the second time. */
  enter(request: MemberEntryRequest): Promise<Result<MemberResult, EntryRefusal | 'no-such-channel'>>;
};

export type ManageMembersDeps = {
  channels: Pick<ChannelStore, 'findChannel'>;
  memberships: Pick<
    MembershipStore,
    'changeKeepingManager' | 'countMembers' | 'findMembership' | 'findUser' | 'isTestStudent' | 'upsertUser'
  >;
  activity: ActivityStore;
  leases: LeaseStore;
  clock: Clock;
  random: Random;
};

/** Changes of memberships by hand. What a person set stays unless the caller may override; a last manager remains. */
export function createManageMembers(deps: ManageMembersDeps): ManageMembers {
  return {
    // One at a time per channel: two managers who demote each other at the same moment must not both succeed.
    change: ({ channelId, ...request }) =>
      inChannel(deps, channelId, (channel) => changeMember(deps, channel, request)),
    enter: ({ channelId, ...request }) => inChannel(deps, channelId, (channel) => enterMember(deps, channel, request)),
  };
}

/** What a person sees of a member's standing, as one token: launches and syncs that change nothing of it do not count. */
export function standingToken({ level, override, addedBy, inactiveReason }: Membership): string {
  return [level, override, addedBy, inactiveReason].map((part) => part ?? '').join('.');
}

/** Does work on the members of a channel while nobody else does. */
export async function inChannel<Value, Reason extends string>(
  deps: Pick<ManageMembersDeps, 'channels' | 'leases' | 'clock' | 'random'>,
  channelId: ChannelId,
  work: (channel: Channel) => Promise<Result<Value, Reason>>,
): Promise<Result<Value, Reason | 'no-such-channel'>> {
  return withLease(deps, `members:${channelId}`, async () => {
    const channel = await deps.channels.findChannel(channelId);
    return channel && channel.deletedAt === null ? work(channel) : failure('no-such-channel');
  });
}

async function changeMember(
  deps: ManageMembersDeps,
  channel: Channel,
  request: Omit<MemberChangeRequest, 'channelId'>,
): Promise<Result<MemberResult, MemberRefusal>> {
  const rules = await rulesOf(deps, channel, request.override);
  const action = `member.${Object.keys(request.change)[0] ?? 'change'}`;
  const decide = (current: Membership | null): Result<Membership | null, MemberRefusal> => {
    if (current === null) return failure('no-such-member');
    if (isOvertaken(current, request.seen)) return failure('changed-meanwhile');
    return decideChange(current, request.change, rules);
  };
  return writeMember(deps, { channel, userId: request.userId, decide, event: { action, actor: request.actor } });
}

async function enterMember(
  deps: ManageMembersDeps,
  channel: Channel,
  request: Omit<MemberEntryRequest, 'channelId'>,
): Promise<Result<MemberResult, EntryRefusal>> {
  const user = await findOrMakeUser(deps, channel, request.who);
  if (user === null) return failure('no-such-person');
  if (await deps.memberships.isTestStudent(user.id)) return failure('test-student');
  const rules = await rulesOf(deps, channel, request.override);
  const decide = (current: Membership | null): Result<Membership | null, EntryRefusal> =>
    isOvertaken(current, request.seen)
      ? failure('changed-meanwhile')
      : decideEntry(current, request.entry, { ...rules, channelId: channel.id, user, at: deps.clock() });
  return writeMember(deps, { channel, userId: user.id, decide, event: { action: 'member.add', actor: request.actor } });
}

/** Null for somebody who is unknown, or of another platform: people of one organisation are not another's. */
async function findOrMakeUser(
  deps: ManageMembersDeps,
  { platformId }: Channel,
  who: MemberEntryRequest['who'],
): Promise<User | null> {
  if ('subject' in who) return deps.memberships.upsertUser({ platformId, ...who, at: deps.clock() });
  const user = await deps.memberships.findUser(who.userId);
  return user?.platformId === platformId ? user : null;
}

/**
 * Counted anew for each change, which other changes wait for; should one not have waited, because a process stood still
 * for longer than its lease, the store keeps the last manager.
 */
export async function rulesOf(
  deps: Pick<ManageMembersDeps, 'memberships'>,
  channel: Channel,
  override: boolean,
): Promise<MemberRules> {
  const { active } = await deps.memberships.countMembers(channel.id);
  return { ownerId: channel.ownerId, managers: active.manager, override };
}

export type MemberWrite<Refusal extends string> = {
  channel: Channel;
  userId: UserId;
  /** The next state, null for none; may be asked again with a newer state. */
  decide: (current: Membership | null) => Result<Membership | null, Refusal>;
  event: Pick<ActivityEvent, 'action' | 'actor'> & { batch?: string };
};

/** Writes what `decide` says, together with its place in the channel's activity; the last manager remains. */
export async function writeMember<Refusal extends string>(
  deps: Pick<ManageMembersDeps, 'memberships' | 'clock' | 'random'>,
  { channel, userId, decide, event }: MemberWrite<Refusal>,
): Promise<Result<MemberResult, Refusal | 'last-manager'>> {
  const key = { channelId: channel.id, userId, at: deps.clock() };
  const seen: { before: Membership | null; decided: Result<Membership | null, Refusal> | null } = {
    before: null,
    decided: null,
  };
  const noted: ActivityEvent[] = [];
  const written = await deps.memberships.changeKeepingManager(
    key,
    (current) => {
      const decided = decide(current);
      Object.assign(seen, { before: current, decided });
      if (!decided.ok) return null;
      return decided.value === null && current !== null ? 'remove' : decided.value;
    },
    (before, after) => {
      const made = memberEvent(deps, { channel, userId, before, after, event });
      // A name that was filled in is nothing that people decided.
      const tells = made.from !== made.to;
      noted.splice(0, noted.length, ...(tells ? [made] : []));
      return tells ? made : null;
    },
  );
  if (seen.decided?.ok === false) return seen.decided;
  if (!written.ok) return written;
  const stands = written.value;
  const membership = stands ?? seen.before;
  if (membership === null) throw new Error('A change without a refusal left no membership and removed none');
  const activityId = noted[0]?.id ?? null;
  return success({ membership, activityId, result: activityId === null ? 'unchanged' : resultOf(seen.before, stands) });
}

function resultOf(before: Membership | null, after: Membership | null): MemberResult['result'] {
  if (before === null) return 'added';
  return after === null ? 'removed' : 'changed';
}

function memberEvent(
  deps: Pick<ManageMembersDeps, 'clock' | 'random'>,
  change: Pick<MemberWrite<never>, 'channel' | 'userId' | 'event'> & {
    before: Membership | null;
    after: Membership | null;
  },
): ActivityEvent {
  const { channel, userId, event, before, after } = change;
  return newActivity(deps, {
    ...event,
    channelId: channel.id,
    platformId: channel.platformId,
    subjectUserId: userId,
    from: writeState(before && setByHand(before)),
    to: writeState(after && setByHand(after)),
  });
}

function isOvertaken(current: Membership | null, seen: Seen | null): boolean {
  if (seen === null) return false;
  if ('version' in seen) return seen.version !== (current?.version ?? 0);
  return seen.standing !== (current ? standingToken(current) : '');
}
