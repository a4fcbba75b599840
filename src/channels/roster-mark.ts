import { hash } from 'node:crypto';
import { isOnRoster, type Membership, type RosterEntry } from './membership.ts';

/**
 * A digest of what the roster said of a member; null when anything but the roster counts for them too. A roster entry
 * with the same mark changes nothing in the membership and has nothing to tell, so a sync passes over it without
 * reading it. Stores keep it with the membership; another rule here needs a migration that empties theirs.
 */
export function memberMark(member: Membership): string | null {
  return isPlain(member)
    ? digest(member.person, member.rosterLevel ?? '', member.rosterRoles ?? '', member.isTest)
    : null;
}

/** With its mark, made before it is asked for. */
export type MarkedEntry = RosterEntry & { mark: string | null };

/** The mark of the members whom this entry would leave as they are; null when there may be none. */
export function entryMark(entry: RosterEntry): string | null {
  return entry.inactive ? null : digest(entry.person, entry.level, entry.roles, entry.isTest);
}

/** Active, at the roster's own level, and with no launch that the next roster would settle. */
function isPlain(member: Membership): boolean {
  const launchSettled = member.launchLevel === null || member.rosterRolesAtLaunch === member.rosterRoles;
  return (
    member.level === member.rosterLevel &&
    isOnRoster(member) &&
    !member.rosterInactive &&
    member.inactiveReason === null &&
    member.updateMethod === 'automatic' &&
    launchSettled
  );
}

// The lengths keep two people apart whose name and address run together to the same text.
function digest({ name, email }: Membership['person'], level: string, roles: string, isTest: boolean): string {
  const said = `${name?.length} ${email?.length} ${isTest} ${level} ${name}${email}${roles}`;
  return hash('sha256', said, 'base64').slice(0, 22);
}
