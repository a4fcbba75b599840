import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import { recordActivity } from './activity.ts';
import type { ChannelId, UserId } from './channel.ts';
import type { ActivityStore, ChannelStore, LeaseStore, MembershipStore } from './channel-store.ts';
import { withLease } from './lease.ts';
import {
  deactivatedByHand,
  type Membership,
  reactivatedByHand,
  sameMembership,
  withOverride,
  withoutOverride,
} from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';

/** One change of one membership by a person or an API key. */
export type MemberChange =
  | { level: PermissionLevel }
  | { status: 'active' | 'inactive' }
  /** `automatic` returns to what roster and launches say; `manual` keeps the present level whatever they say. */
  | { updateMethod: Membership['updateMethod'] };

export type MemberChangeRequest = {
  channelId: ChannelId;
  userId: UserId;
  change: MemberChange;
  /** Whether what a person set may be replaced; people say so by doing it, API calls by `override=true`. */
  override: boolean;
  /** Who does it: `user:ID` or `api-key:ID`. */
  actor: string;
};

export type MemberRefusal = 'no-such-member' | 'kept-set-by-hand' | 'last-manager' | 'added-by-hand';

export type MemberResult = { membership: Membership; result: 'changed' | 'unchanged' };

export type ManageMembers = {
  change(request: MemberChangeRequest): Promise<Result<MemberResult, MemberRefusal>>;
};

export type ManageMembersDeps = {
  channels: ChannelStore;
  memberships: MembershipStore;
  activity: ActivityStore;
  leases: LeaseStore;
  clock: Clock;
  random: Random;
};

/** Changes of memberships by hand. What a person set stays unless the caller may override; a last manager remains. */
export function createManageMembers(deps: ManageMembersDeps): ManageMembers {
  return {
    // One at a time per channel: two managers who demote each other at the same moment must not both succeed.
    change: (request) => withLease(deps, `members:${request.channelId}`, () => changeMember(deps, request)),
  };
}

async function changeMember(
  deps: ManageMembersDeps,
  request: MemberChangeRequest,
): Promise<Result<MemberResult, MemberRefusal>> {
  const { channelId, userId } = request;
  const managers = (await deps.memberships.countMembers(channelId)).active.manager;
  let refusal: MemberRefusal | null = null;
  let before: Membership | null = null;
  const after = await deps.memberships.changeMembership({ channelId, userId, at: deps.clock() }, (current) => {
    before = current;
    const next = current ? nextState(current, request) : failure('no-such-member' as const);
    refusal = next.ok ? requireManager(current, next.value, managers) : next.reason;
    return next.ok && refusal === null ? next.value : null;
  });
  if (refusal !== null) return failure(refusal);
  if (after === null || before === null) return failure('no-such-member');
  const result = sameMembership(before, after) ? 'unchanged' : 'changed';
  if (result === 'changed') await note(deps, request, before, after);
  return success({ membership: after, result });
}

function nextState(
  member: Membership,
  { change, override }: MemberChangeRequest,
): Result<Membership, 'kept-set-by-hand' | 'added-by-hand'> {
  const next = applyChange(member, change);
  const setByHand = member.updateMethod === 'manual' || member.inactiveReason === 'by-hand';
  if (setByHand && !override && !sameMembership(member, next)) return failure('kept-set-by-hand');
  const nothingToReturnTo = 'updateMethod' in change && change.updateMethod === 'automatic' && next.addedBy === 'hand';
  return nothingToReturnTo && sameMembership(member, next) ? failure('added-by-hand') : success(next);
}

function applyChange(member: Membership, change: MemberChange): Membership {
  if ('level' in change) return withOverride(member, change.level);
  if ('status' in change) {
    if (change.status === 'inactive') return deactivatedByHand(member);
    return member.active ? member : reactivatedByHand(member);
  }
  return change.updateMethod === 'automatic'
    ? withoutOverride(member)
    : withOverride(member, member.override ?? member.level);
}

function requireManager(before: Membership | null, after: Membership, managers: number): 'last-manager' | null {
  const was = before?.active === true && before.level === 'manager' && !before.isTest;
  const is = after.active && after.level === 'manager';
  return was && !is && managers <= 1 ? 'last-manager' : null;
}

async function note(
  deps: ManageMembersDeps,
  { channelId, userId, actor, change }: MemberChangeRequest,
  before: Membership,
  after: Membership,
): Promise<void> {
  const channel = await deps.channels.findChannel(channelId);
  await recordActivity(deps, {
    action: `member.${Object.keys(change)[0] ?? 'change'}`,
    actor,
    channelId,
    platformId: channel?.platformId ?? null,
    subjectUserId: userId,
    from: describe(before),
    to: describe(after),
  });
}

function describe(member: Membership): string {
  return `${member.level} ${member.updateMethod} ${member.inactiveReason ?? 'active'}`;
}
