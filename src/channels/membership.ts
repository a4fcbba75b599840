import type { ChannelId, User, UserId } from './channel.ts';
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
  /** Whether the last complete roster called them Inactive, and no launch has brought them since. */
  rosterInactive: boolean;

  launchLevel: PermissionLevel | null;
  /** The launch's roles, sorted and joined by a blank. */
  launchRoles: string | null;
  launchAt: number | null;
  /** What `rosterRoles` was at that launch; the launch's level counts while they are unchanged. Null: no roster had come yet. */
  rosterRolesAtLaunch: string | null;

  /** The level a person set; kept beside the roster's, never instead of it. */
  override: PermissionLevel | null;
  /** `api`: a program of the organisation entered them, as its roster would; they stay until it or the roster says otherwise. */
  addedBy: 'roster' | 'launch' | 'hand' | 'api';
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
    rosterInactive: false,
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

/** The same for somebody who is known, with the name and address that are. */
export function membershipOfUser(
  channelId: ChannelId,
  user: Pick<User, 'id' | 'subject' | 'name' | 'email'>,
  addedBy: Membership['addedBy'],
  at: number,
): Membership {
  const empty = emptyMembership({ channelId, userId: user.id, subject: user.subject }, addedBy, at);
  return { ...empty, person: { name: user.name, email: user.email } };
}

/** A membership with what is known of the person from elsewhere, where nobody said it here. */
export function withKnownPerson(member: Membership, known: Person): Membership {
  return { ...member, person: mergePerson(known, member.person) };
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
  const atLaunch = member.rosterRolesAtLaunch === BY_PROGRAM ? null : member.rosterRolesAtLaunch;
  const noRosterSinceLaunch = member.launchLevel !== null && atLaunch === null;
  // Once the roster has said something else, that launch is the past, also if the roster goes back to its old word.
  const launchIsPast = atLaunch !== null && atLaunch !== entry.roles;
  const shutOut = entry.inactive && !staysWithoutRoster(member, departedOverrides);
  return settle({
    ...member,
    person: mergePerson(member.person, entry.person),
    isTest: entry.isTest,
    // From here on the roster decides, and its silence too.
    addedBy: member.addedBy === 'api' ? 'roster' : member.addedBy,
    rosterLevel: entry.level,
    rosterRoles: entry.roles,
    rosterInactive: entry.inactive,
    launchLevel: launchIsPast ? null : member.launchLevel,
    rosterRolesAtLaunch: noRosterSinceLaunch ? entry.roles : atLaunch,
    inactiveReason: member.inactiveReason === 'by-hand' ? 'by-hand' : shutOut ? 'inactive-in-lms' : null,
  });
}

/**
 * What one complete roster makes of a person it does not list: who came by the roster departs, with everything kept;
 * who was added by hand or by a program, or is known by launches alone (staff, invited people), stays.
 */
export function withoutRosterEntry(member: Membership, departedOverrides: DepartedOverrides): Membership {
  const stays = staysWithoutRoster(member, departedOverrides);
  // Whom an earlier roster dropped and a setting kept departs once that setting has changed.
  if (!isOnRoster(member)) return stays ? member : departIfLeft(member);
  return settle({
    ...member,
    rosterLevel: null,
    rosterInactive: false,
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
    rosterInactive: false,
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
 * it does not list stays a member by hand, at the level that launches give, else `member`. Whom the roster dropped, and
 * the override alone had kept, departs.
 */
export function withoutOverride(member: Membership): Membership {
  const next: Membership = { ...member, addedBy: automaticOrigin(member), override: null };
  return departIfLeft(settle(effectiveLevel(next) === null ? { ...next, level: 'member' } : next));
}

function automaticOrigin({ addedBy, rosterLevel, rosterRoles }: Membership): Membership['addedBy'] {
  if (addedBy !== 'hand' || rosterLevel === null) return addedBy;
  return rosterRoles === BY_PROGRAM ? 'api' : 'roster';
}

/**
 * A person added them, or a program on a person's word: a member by hand, who stays whatever the roster says. Somebody
 * who was a member already and had left is in again.
 */
export function addedByHand(member: Membership, level: PermissionLevel): Membership {
  return settle({ ...member, addedBy: 'hand', override: level, inactiveReason: null });
}

/**
 * A program of the organisation gave the level, as a roster would. It stays until the program or a roster that lists the
 * person says otherwise: a channel without a roster can be kept by programs alone.
 */
export function enteredByProgram(member: Membership, level: PermissionLevel): Membership {
  const said = { rosterLevel: level, rosterRoles: BY_PROGRAM, rosterInactive: false };
  return settle({ ...member, ...said, addedBy: 'api', inactiveReason: null });
}

/** Stands for the roles of somebody whose level a program gave; a roster's entry always has some. */
export const BY_PROGRAM = '';

/** True when a roster lists them; what a program said is not a roster's word. */
export function isOnRoster({ rosterLevel, rosterRoles }: Membership): boolean {
  return rosterLevel !== null && rosterRoles !== BY_PROGRAM;
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
  const againstRoster = member.inactiveReason !== 'by-hand' || hasLeftRoster(member) || member.rosterInactive;
  return settle({ ...member, addedBy: againstRoster ? 'hand' : member.addedBy, inactiveReason: null });
}

/** True when a roster listed them once and the last one does not. */
export function hasLeftRoster({ rosterLevel, rosterRoles }: Membership): boolean {
  return rosterLevel === null && rosterRoles !== null;
}

/** True when a launch has brought them after the roster had dropped them, or without any roster. */
export function launchedSinceLeaving({ launchLevel, rosterRolesAtLaunch }: Membership): boolean {
  return launchLevel !== null && rosterRolesAtLaunch === null;
}

/**
 * Nobody stays by a roster that dropped them or calls them Inactive, unless a person, a program or a later launch keeps
 * them.
 */
function departIfLeft(member: Membership): Membership {
  if (!member.active || member.addedBy === 'hand' || member.addedBy === 'api') return member;
  if (member.rosterInactive) return settle({ ...member, inactiveReason: 'inactive-in-lms' });
  const left = hasLeftRoster(member) && !launchedSinceLeaving(member);
  return left ? settle({ ...member, inactiveReason: 'departed' }) : member;
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
    a.rosterInactive === b.rosterInactive &&
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
