import { failure, type Result, success } from '../lib/result.ts';
import type { ChannelId, UserId } from './channel.ts';
import { isSetByHand, type MemberRefusal, type MemberRules, refuseLoss } from './member-changes.ts';
import {
  addedByHand,
  emptyMembership,
  enteredByProgram,
  isOnRoster,
  type Membership,
  type Person,
  reactivatedByHand,
  sameMembership,
  withOverride,
  withoutOverride,
} from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';

/**
 * What somebody is to be in a channel. `manual`: a person's word, which no roster changes. `automatic`: a program's, as
 * a roster would give it.
 */
export type MemberEntry = { level: PermissionLevel; updateMethod: Membership['updateMethod'] };

/** `roster-decides`: the course roster lists them at another level, which an automatic entry cannot change. */
export type EntryRefusal =
  | Extract<MemberRefusal, 'kept-set-by-hand' | 'last-manager' | 'is-owner' | 'changed-meanwhile'>
  | 'roster-decides'
  | 'no-such-person';

type EntryContext = MemberRules & {
  key: { channelId: ChannelId; userId: UserId; subject: string };
  person: Person;
  at: number;
};

/** What an entry makes of a membership, or of none; or why it may not. */
export function decideEntry(
  current: Membership | null,
  entry: MemberEntry,
  context: EntryContext,
): Result<Membership, EntryRefusal> {
  if (current === null) return success(newMember(entry, context));
  const next = entry.updateMethod === 'manual' ? byHand(current, entry.level) : byProgram(current, entry.level);
  if (next === 'roster-decides') return failure(next);
  if (sameMembership(current, next)) return success(current);
  if (isSetByHand(current) && !context.override) return failure('kept-set-by-hand');
  const refusal = refuseLoss(current, next, context);
  return refusal === null ? success(next) : failure(refusal);
}

function newMember({ level, updateMethod }: MemberEntry, { key, person, at }: EntryContext): Membership {
  const fresh = { ...emptyMembership(key, updateMethod === 'manual' ? 'hand' : 'api', at), person };
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
