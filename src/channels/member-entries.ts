import { failure, type Result, success } from '../lib/result.ts';
import type { ChannelId, User } from './channel.ts';
import { isSetByHand, type MemberRefusal, type MemberRules, refuseLoss } from './member-changes.ts';
import {
  addedByHand,
  enteredByProgram,
  isOnRoster,
  type Membership,
  membershipOfUser,
  reactivatedByHand,
  sameMembership,
  withKnownPerson,
  withOverride,
  withoutOverride,
} from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';

/**
 * What somebody is to be in a channel. `manual`: a person's word, which no roster changes. `automatic`: a program's, as
 * a roster would give it.
 */
export type MemberEntry = { level: PermissionLevel; updateMethod: Membership['updateMethod'] };

/**
 * `roster-decides`: the course roster lists them at another level, which an automatic entry cannot change.
 * `test-student`: the LMS has called them its test student, here or in another course.
 */
export type EntryRefusal =
  | Extract<MemberRefusal, 'kept-set-by-hand' | 'last-manager' | 'is-owner' | 'changed-meanwhile'>
  | 'roster-decides'
  | 'no-such-person'
  | 'test-student';

type EntryContext = MemberRules & { channelId: ChannelId; user: User; at: number };

/** What an entry makes of a membership, or of none; or why it may not. */
export function decideEntry(
  current: Membership | null,
  entry: MemberEntry,
  context: EntryContext,
): Result<Membership, EntryRefusal> {
  if (current === null) return success(newMember(entry, context));
  const named = withKnownPerson(current, context.user);
  const next = entry.updateMethod === 'manual' ? byHand(named, entry.level) : byProgram(named, entry.level);
  if (next === 'roster-decides') return failure(next);
  if (sameMembership(named, next)) return success(named);
  if (isSetByHand(current) && !context.override) return failure('kept-set-by-hand');
  const refusal = refuseLoss(current, next, context);
  return refusal === null ? success(next) : failure(refusal);
}

function newMember({ level, updateMethod }: MemberEntry, { channelId, user, at }: EntryContext): Membership {
  const fresh = membershipOfUser(channelId, user, updateMethod === 'manual' ? 'hand' : 'api', at);
  return updateMethod === 'manual' ? addedByHand(fresh, level) : enteredByProgram(fresh, level);
}

function byHand(current: Membership, level: PermissionLevel): Membership {
  return withOverride(reactivatedByHand(current), level);
}

function byProgram(current: Membership, level: PermissionLevel): Membership | 'roster-decides' {
  const automatic = withoutOverride(current.inactiveReason === 'by-hand' ? reactivatedByHand(current) : current);
  if (!isOnRoster(automatic)) return enteredByProgram(automatic, level);
  return automatic.level === level && automatic.active ? automatic : 'roster-decides';
}
