import {
  BY_PROGRAM,
  hasLeftRoster,
  type InactiveReason,
  isOnRoster,
  launchedSinceLeaving,
  type Membership,
  settle,
} from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';

/** The part of a membership that people and programs set: what a change of theirs can alter, and undoing it restores. */
export type SetByHand = Pick<Membership, 'override' | 'addedBy' | 'inactiveReason' | 'level'> & {
  /** The level a program gave, where no roster lists the person. */
  entered: PermissionLevel | null;
  /** Whether a roster listed them at that moment. */
  listed: boolean;
};

export function setByHand(member: Membership): SetByHand {
  const { override, addedBy, inactiveReason, level } = member;
  return { override, addedBy, inactiveReason, level, entered: enteredLevel(member), listed: isOnRoster(member) };
}

function enteredLevel({ rosterLevel, rosterRoles }: Membership): PermissionLevel | null {
  return rosterRoles === BY_PROGRAM ? rosterLevel : null;
}

/** Whether people and programs have left a membership as it was; what roster and launches did to it does not count. */
export function stillSetByHand(member: Membership, state: SetByHand): boolean {
  const entered = enteredLevel(member);
  return (
    member.override === state.override &&
    (member.addedBy === 'hand') === (state.addedBy === 'hand') &&
    (member.inactiveReason === 'by-hand') === (state.inactiveReason === 'by-hand') &&
    (entered === null || entered === state.entered)
  );
}

/**
 * A membership with what people had set at another moment. The roster's and the launches' layers stay as they are now, so
 * undoing never brings an old roster back: whom it dropped meanwhile stays out, whom it listed meanwhile stays in.
 */
export function withSetByHand(member: Membership, state: SetByHand): Membership {
  const { override, level } = state;
  const entered = withEntered(member, state.entered);
  const next: Membership = { ...entered, override, level, addedBy: originToRestore(entered, state) };
  return settle({ ...next, inactiveReason: reasonToRestore(member, next, state) });
}

/** A program's word counts until a roster lists the person, and not again after that. */
function withEntered(member: Membership, entered: PermissionLevel | null): Membership {
  const { rosterRoles, rosterRolesAtLaunch } = member;
  if (rosterRoles !== null && rosterRoles !== BY_PROGRAM) return member;
  if (entered !== null) return { ...member, rosterLevel: entered, rosterRoles: BY_PROGRAM };
  const atLaunch = rosterRolesAtLaunch === BY_PROGRAM ? null : rosterRolesAtLaunch;
  return { ...member, rosterLevel: null, rosterRoles: null, rosterRolesAtLaunch: atLaunch };
}

function originToRestore(member: Membership, { addedBy, entered }: SetByHand): Membership['addedBy'] {
  if (addedBy === 'hand') return addedBy;
  if (enteredLevel(member) !== null) return 'api';
  const known = member.addedBy === 'hand' || (member.addedBy === 'api' && entered === null) ? addedBy : member.addedBy;
  return known === 'api' ? 'roster' : known;
}

function reasonToRestore(now: Membership, next: Membership, state: SetByHand): InactiveReason | null {
  const { inactiveReason: before } = state;
  if (before === 'by-hand') return before;
  if (now.inactiveReason !== null && now.inactiveReason !== 'by-hand') return now.inactiveReason;
  if (next.addedBy === 'hand') return isOnRoster(next) ? null : before;
  if (keptByOverride(now, next)) return null;
  if (isOnRoster(next)) return next.rosterInactive ? 'inactive-in-lms' : null;
  if (next.addedBy === 'api' || launchedSinceLeaving(next)) return null;
  return state.listed || hasLeftRoster(next) ? (before ?? 'departed') : before;
}

/** True for somebody whom their override keeps in, where a channel keeps such people, and goes on to. */
function keptByOverride(now: Membership, next: Membership): boolean {
  return now.active && now.addedBy !== 'hand' && now.override !== null && next.override !== null;
}
