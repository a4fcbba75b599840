import { failure, type Result, success } from '../lib/result.ts';
import type { UserId } from './channel.ts';
import {
  deactivatedByHand,
  isOnRoster,
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
  | { updateMethod: Membership['updateMethod'] }
  /** `added`: only who was entered by hand or by a program; `any`: also others, whom a sync or a launch may bring back. */
  | { remove: 'added' | 'any' };

/** `on-roster`: a roster or a launch brought them, so that removing them would last until the next one. */
export type MemberRefusal =
  | 'no-such-member'
  | 'kept-set-by-hand'
  | 'last-manager'
  | 'is-owner'
  | 'added-by-hand'
  | 'on-roster'
  | 'changed-meanwhile';

/** What the rules look at besides the membership itself. */
export type MemberRules = {
  ownerId: UserId | null;
  /** Active managers, test students left out. */
  managers: number;
  /** Whether what a person set may be replaced; people say so by doing it, API calls by `override=true`. */
  override: boolean;
};

/**
 * What a change makes of a membership, or why it may not be made; null: it is removed. What a person set stays unless
 * `override`; the owner stays a manager; one active manager remains.
 */
export function decideChange(
  member: Membership,
  change: MemberChange,
  rules: MemberRules,
): Result<Membership | null, MemberRefusal> {
  const next = applyChange(member, change);
  if (next !== null && sameMembership(member, next)) return requireEffect(member, change);
  if (isSetByHand(member) && !rules.override) return failure('kept-set-by-hand');
  if (next === null && 'remove' in change && change.remove === 'added' && !isAddedOnly(member)) {
    return failure('on-roster');
  }
  const refusal = refuseLoss(member, next, rules);
  return refusal === null ? success(next) : failure(refusal);
}

/** Whether a membership may go from one state to another without leaving the channel to nobody, or to nobody's owner. */
export function refuseLoss(
  before: Membership | null,
  after: Membership | null,
  { ownerId, managers }: Pick<MemberRules, 'ownerId' | 'managers'>,
): 'is-owner' | 'last-manager' | null {
  if (before === null || !isActiveManager(before)) return null;
  const ownersLoss = before.userId === ownerId && (after === null || !isFitToOwn(after));
  if (ownersLoss) return 'is-owner';
  return !before.isTest && !isActiveManager(after) && managers <= 1 ? 'last-manager' : null;
}

/** How many active managers a change adds or takes: 1, 0 or -1. */
export function managersGained(before: Membership | null, after: Membership | null): number {
  const counts = (member: Membership | null) => (isActiveManager(member) && !member?.isTest ? 1 : 0);
  return counts(after) - counts(before);
}

function applyChange(member: Membership, change: MemberChange): Membership | null {
  if ('remove' in change) return null;
  if ('level' in change) return withOverride(member, change.level);
  if ('status' in change) {
    if (change.status === 'inactive') return deactivatedByHand(member);
    return member.active ? member : reactivatedByHand(member);
  }
  return change.updateMethod === 'automatic'
    ? withoutOverride(member)
    : withOverride(member, member.override ?? member.level);
}

/** Returning somebody to automatic whom no roster lists has no effect, and not the one that was asked for. */
function requireEffect(member: Membership, change: MemberChange): Result<Membership, MemberRefusal> {
  const nothingToReturnTo =
    'updateMethod' in change && change.updateMethod === 'automatic' && member.addedBy === 'hand';
  return nothingToReturnTo ? failure('added-by-hand') : success(member);
}

/**
 * Whether somebody was entered by a person or a program and no roster lists them. Others come back by what brought them,
 * and who has left a roster is kept for that.
 */
export function isAddedOnly(member: Membership): boolean {
  return (member.addedBy === 'hand' || member.addedBy === 'api') && !isOnRoster(member);
}

/** True for what only a person's word, or `override`, may replace. */
export function isSetByHand(member: Membership): boolean {
  return member.updateMethod === 'manual' || member.inactiveReason === 'by-hand';
}

function isActiveManager(member: Membership | null): boolean {
  return member?.active === true && member.level === 'manager';
}

/** An owner is kept by what makes them immune to the roster: a manager by hand, added by hand. */
export function isFitToOwn({ active, override, addedBy }: Membership): boolean {
  return active && override === 'manager' && addedBy === 'hand';
}
