import type { ChannelId, UserId } from './channel.ts';
import { higherLevel, type PermissionLevel } from './permission-level.ts';

/** A person as the LMS names them; every field may be withheld by its privacy settings. */
export type Person = { name: string | null; email: string | null };

/** Why somebody has no access; null while active. */
export type InactiveReason = 'departed' | 'inactive-in-lms' | 'by-hand';

/**
 * A user in a channel. Three layers are kept apart (what the roster says, what the last launch said, what a person set);
 * `level`, `updateMethod` and `active` follow from them and are stored for lists only: `settle` alone computes them.
 */
export type Membership = {
  channelId: ChannelId;
  userId: UserId;
  subject: string;
  person: Person;
  /** True for the LMS's test student, who is left out of counts. */
  isTest: boolean;

  /** The level of the last complete roster; null when it does not list the person. */
  rosterLevel: PermissionLevel | null;
  /** The roster's roles, sorted and joined by a blank; kept after departure, so that a return can be compared. */
  rosterRoles: string | null;

  launchLevel: PermissionLevel | null;
  /** The launch's roles, sorted and joined by a blank. */
  launchRoles: string | null;
  launchAt: number | null;
  /** What `rosterRoles` was at that launch; the launch's level counts while they are unchanged. Null: no roster had come yet. */
  rosterRolesAtLaunch: string | null;

  /** The level a person set; kept beside the roster's, never instead of it. */
  override: PermissionLevel | null;
  addedBy: 'roster' | 'launch' | 'hand';
  inactiveReason: InactiveReason | null;

  level: PermissionLevel;
  updateMethod: 'automatic' | 'manual';
  active: boolean;

  lastSeenAt: number | null;
  createdAt: number;
  updatedAt: number;
  /** Counts changes; a writer who saw an older version is told. */
  version: number;
};

/** What a roster says of one person, mapped. */
export type RosterEntry = {
  subject: string;
  person: Person;
  level: PermissionLevel;
  /** Sorted and joined by a blank. */
  roles: string;
  isTest: boolean;
  /** `Inactive` in the roster: still a member of the course, may not act. */
  inactive: boolean;
};

/** What a verified launch says of the launching person, mapped. */
export type LaunchEntry = {
  subject: string;
  person: Person;
  level: PermissionLevel;
  roles: string;
  isTest: boolean;
  at: number;
};

export type DepartedOverrides = 'deactivate' | 'keep';

/** The effective level (docs/decisions/003): the override, else the higher of roster and launch while the roster's roles
 * are unchanged since that launch, else the roster's. */
function effectiveLevel(member: LevelLayers): PermissionLevel | null {
  if (member.override) return member.override;
  if (member.rosterLevel === null) return member.launchLevel;
  return launchStillCounts(member) ? higherLevel(member.rosterLevel, member.launchLevel) : member.rosterLevel;
}

type LevelLayers = Pick<Membership, 'override' | 'rosterLevel' | 'rosterRoles' | 'launchLevel' | 'rosterRolesAtLaunch'>;

function launchStillCounts(member: LevelLayers): boolean {
  return member.launchLevel !== null && member.rosterRolesAtLaunch === member.rosterRoles;
}

/** A new membership without any layer; the caller adds the layer that brought the person and settles it. */
export function emptyMembership(
  key: { channelId: ChannelId; userId: UserId; subject: string },
  addedBy: Membership['addedBy'],
  at: number,
): Membership {
  // Named one by one: new properties behind a spread cost V8 twenty times as much, and a first sync makes thousands.
  return {
    channelId: key.channelId,
    userId: key.userId,
    subject: key.subject,
    person: { name: null, email: null },
    isTest: false,
    rosterLevel: null,
    rosterRoles: null,
    launchLevel: null,
    launchRoles: null,
    launchAt: null,
    rosterRolesAtLaunch: null,
    override: null,
    addedBy,
    inactiveReason: null,
    level: 'member',
    updateMethod: 'automatic',
    active: true,
    lastSeenAt: null,
    createdAt: at,
    updatedAt: at,
    version: 0,
  };
}

/** Recomputes what follows from the layers. Every change of a membership ends here. */
export function settle(member: Membership): Membership {
  return {
    ...member,
    level: effectiveLevel(member) ?? member.level,
    updateMethod: member.override !== null || member.addedBy === 'hand' ? 'manual' : 'automatic',
    active: member.inactiveReason === null,
  };
}

/** What one complete roster makes of a person it lists. The same entry twice changes nothing the second time. */
export function withRosterEntry(
  member: Membership,
  entry: RosterEntry,
  departedOverrides: DepartedOverrides,
): Membership {
  // Moodle's non-editing teacher is Instructor at launch and Learner in the roster: the first roster that comes after a
  // launch is what that launch is compared with from then on.
  const noRosterSinceLaunch = member.launchLevel !== null && member.rosterRolesAtLaunch === null;
  // Once the roster has said something else, that launch is the past, also if the roster goes back to its old word.
  const launchIsPast = member.rosterRolesAtLaunch !== null && member.rosterRolesAtLaunch !== entry.roles;
  const shutOut = entry.inactive && !staysWithoutRoster(member, departedOverrides);
  return settle({
    ...member,
    person: mergePerson(member.person, entry.person),
    isTest: entry.isTest,
    rosterLevel: entry.level,
    rosterRoles: entry.roles,
    launchLevel: launchIsPast ? null : member.launchLevel,
    rosterRolesAtLaunch: noRosterSinceLaunch ? entry.roles : member.rosterRolesAtLaunch,
    inactiveReason: member.inactiveReason === 'by-hand' ? 'by-hand' : shutOut ? 'inactive-in-lms' : null,
  });
}

/**
 * What one complete roster makes of a person it does not list: who came by the roster departs, with everything kept;
 * who was added by hand, or is known by launches alone (staff, invited people), stays.
 */
export function withoutRosterEntry(member: Membership, departedOverrides: DepartedOverrides): Membership {
  if (member.rosterLevel === null) return member;
  const stays = staysWithoutRoster(member, departedOverrides);
  return settle({
    ...member,
    rosterLevel: null,
    launchLevel: stays ? member.launchLevel : null,
    inactiveReason: member.inactiveReason === 'by-hand' ? 'by-hand' : stays ? null : 'departed',
  });
}

function staysWithoutRoster(member: Membership, departedOverrides: DepartedOverrides): boolean {
  return member.addedBy === 'hand' || (departedOverrides === 'keep' && member.override !== null);
}

/**
 * What a verified launch with a course role makes of the launching person: in at once, back at once if the roster had
 * dropped them; but whom a person deactivated stays out.
 */
export function withLaunch(member: Membership, launch: LaunchEntry): Membership {
  return settle({
    ...member,
    // Moodle writes names at launch in the site's own order and "first last" in the roster: the roster's stays.
    person:
      member.rosterLevel === null
        ? mergePerson(member.person, launch.person)
        : mergePerson(launch.person, member.person),
    isTest: launch.isTest,
    launchLevel: launch.level,
    launchRoles: launch.roles,
    launchAt: launch.at,
    rosterRolesAtLaunch: member.rosterLevel === null ? null : member.rosterRoles,
    lastSeenAt: launch.at,
    inactiveReason: member.inactiveReason === 'by-hand' ? 'by-hand' : null,
  });
}

/** A person set the level: it becomes manual and stays. */
export function withOverride(member: Membership, level: PermissionLevel): Membership {
  return settle({ ...member, override: level });
}

/**
 * Back to what roster and launches say. Somebody added by hand whom the roster lists becomes a member by the roster; whom
 * it does not list stays a member by hand, at the level that launches give, else `member`.
 */
export function withoutOverride(member: Membership): Membership {
  const addedBy = member.addedBy === 'hand' && member.rosterLevel !== null ? 'roster' : member.addedBy;
  const next: Membership = { ...member, addedBy, override: null };
  return settle(effectiveLevel(next) === null ? { ...next, level: 'member' } : next);
}

/** A person shut the member out: no route lets them in until a person reactivates them. */
export function deactivatedByHand(member: Membership): Membership {
  return settle({ ...member, inactiveReason: 'by-hand' });
}

/**
 * A person let the member in again, whatever had shut them out. Against the word of the roster that makes them a member
 * by hand: what a person set stays at the next sync.
 */
export function reactivatedByHand(member: Membership): Membership {
  if (member.inactiveReason === null) return member;
  const wasOnRoster = member.rosterRoles !== null && member.rosterLevel === null;
  const againstRoster = member.inactiveReason !== 'by-hand' || wasOnRoster;
  return settle({ ...member, addedBy: againstRoster ? 'hand' : member.addedBy, inactiveReason: null });
}

// An LMS may give the name at launch and hide it in the roster, or the other way round: what is known is not lost.
function mergePerson(known: Person, said: Person): Person {
  return { name: said.name ?? known.name, email: said.email ?? known.email };
}

/** True when two states of one membership say the same; `version` and times of writing aside. */
export function sameMembership(a: Membership, b: Membership): boolean {
  return (
    a.person.name === b.person.name &&
    a.person.email === b.person.email &&
    a.isTest === b.isTest &&
    a.rosterLevel === b.rosterLevel &&
    a.rosterRoles === b.rosterRoles &&
    a.launchLevel === b.launchLevel &&
    a.launchRoles === b.launchRoles &&
    a.launchAt === b.launchAt &&
    a.rosterRolesAtLaunch === b.rosterRolesAtLaunch &&
    a.override === b.override &&
    a.addedBy === b.addedBy &&
    a.inactiveReason === b.inactiveReason &&
    a.level === b.level &&
    a.lastSeenAt === b.lastSeenAt
  );
}

/** The roster or launch roles of a person as one comparable string; LMSs give them in any order and twice. */
export function rolesKey(roles: readonly string[]): string {
  return [...new Set(roles)].sort().join(' ');
}
