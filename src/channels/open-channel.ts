import type { Clock } from '../lib/clock.ts';
import { newId, type Random } from '../lib/ids.ts';
import { failure, type Result, success } from '../lib/result.ts';
import {
  type Channel,
  type ChannelId,
  type CourseContext,
  type PlatformId,
  SYNC_AS_THE_SITE,
  type UserId,
} from './channel.ts';
import type { ChannelOpening, ChannelStore, EntryDecision } from './channel-store.ts';
import { emptyMembership, type Membership, type Person, rolesKey, withLaunch } from './membership.ts';
import type { PermissionLevel } from './permission-level.ts';
import { type MappedRoles, mapRoles } from './role-mapping.ts';

export type OpenedCourse = {
  channel: Channel;
  context: CourseContext;
  userId: UserId;
  /** Null for a platform administrator who is let in for this launch only. */
  membership: Membership | null;
  /** The level of this launch; the membership's own may be higher or set by hand. */
  launchLevel: PermissionLevel;
  launchOnly: boolean;
};

export type OpenRefusal = 'not-a-course' | 'anonymous' | 'no-course-role' | 'deactivated' | 'channel-deleted';

/** A channel that was deleted, which an administrator who launches into it may bring back. */
export type Administered = { channelId: ChannelId; launchLevel: PermissionLevel };

export type OpenOutcome = Result<OpenedCourse, OpenRefusal> & { administered?: Administered };

/** What opening a channel needs of a verified launch. */
export type ChannelLaunch = {
  platformId: PlatformId;
  /** The platform's own levels for roles, over the default table. */
  roleLevels: Readonly<Record<string, PermissionLevel>>;
  deploymentId: string;
  tenant: string | null;
  /** Null for anonymous visitors. */
  subject: string | null;
  person: Person;
  roles: string[];
  /** Null when the tool was launched outside a course. */
  context: { id: string; title: string; label: string | null; types: string[] } | null;
  rosterUrl: string | null;
  /** See `RoleMappingOptions`. */
  teachesToo: boolean;
  /** Moodle gives every site administrator the Instructor role in every course, enrolled or not. */
  adminsLaunchAsInstructors: boolean;
};

/** A launch that names a course and a person: the only kind that can enter a channel. */
type CourseLaunch = ChannelLaunch & { subject: string; context: NonNullable<ChannelLaunch['context']> };

export type OpenChannelDeps = { channels: Pick<ChannelStore, 'enterByLaunch'>; clock: Clock; random: Random };

/**
 * Opens the channel of the launch's course, making it if this is the first launch, and enters the launching person at
 * the mapped level at once; it never waits for the roster.
 */
export async function openChannel(deps: OpenChannelDeps, launch: ChannelLaunch): Promise<OpenOutcome> {
  const course = requireCourse(launch);
  if (!course.ok) return course;
  const { context, subject, person } = course.value;
  const mapped = mapRoles(launch.roles, {
    contextTypes: context.types,
    roleLevels: launch.roleLevels,
    teachesToo: launch.teachesToo,
  });
  const launchLevel = levelOfLaunch(mapped);
  if (launchLevel === null) return failure('no-course-role');

  const at = deps.clock();
  const opening = openingBy(course.value, at, deps.random);
  const enter = entryOf(course.value, { mapped, level: launchLevel, at });
  let launchOnly = false;
  const { entered, ...opened } = await deps.channels.enterByLaunch({ opening, subject, person }, (known, ...where) => {
    launchOnly = isLaunchOnly(launch, mapped, known);
    return launchOnly ? null : enter(known, ...where);
  });
  if (entered === null) {
    const administered = { channelId: opened.channel.id, launchLevel };
    return { ...failure('channel-deleted'), ...(isLaunchOnly(launch, mapped, null) ? { administered } : {}) };
  }
  const { userId, membership } = entered;
  // A person shut out by hand stays out, whatever else they are in the LMS.
  const shutOut = launchOnly ? membership?.inactiveReason === 'by-hand' : !membership?.active;
  if (shutOut) return failure('deactivated');
  return success({ ...opened, userId, membership, launchLevel, launchOnly });
}

function requireCourse(launch: ChannelLaunch): Result<CourseLaunch, 'anonymous' | 'not-a-course'> {
  const { subject, context } = launch;
  if (context === null || isAccount(context.types)) return failure('not-a-course');
  if (subject === null) return failure('anonymous');
  return success({ ...launch, subject, context });
}

// Canvas's account-level placements carry a context of type "Account" that is no course.
function isAccount(types: readonly string[]): boolean {
  return types.length > 0 && types.every((type) => type === 'Account' || type.endsWith('#Account'));
}

/** An administrator who is not in the course is let in for this launch and does not become a member by looking in. */
function isLaunchOnly(launch: ChannelLaunch, mapped: MappedRoles, known: Membership | null): boolean {
  if (mapped.level === null) return true;
  return mapped.isPlatformAdmin && launch.adminsLaunchAsInstructors && (known === null || known.rosterLevel === null);
}

/** A platform administrator without a course role manages for this launch. */
function levelOfLaunch(mapped: MappedRoles): PermissionLevel | null {
  return mapped.level ?? (mapped.isPlatformAdmin ? 'manager' : null);
}

function openingBy(launch: CourseLaunch, at: number, random: Random): ChannelOpening {
  const { context, platformId } = launch;
  return {
    platformId,
    contextId: context.id,
    deploymentId: launch.deploymentId,
    title: context.title,
    label: context.label,
    types: context.types,
    rosterUrl: launch.rosterUrl,
    at,
    fresh: {
      id: newId(at, random),
      platformId,
      referenceId: context.id,
      title: context.title,
      label: context.label,
      givenName: null,
      description: '',
      tags: [],
      privacy: 'private',
      contributionPolicy: 'contributors',
      moderated: false,
      ownerId: null,
      tenant: launch.tenant,
      sync: SYNC_AS_THE_SITE,
      deletedAt: null,
      createdAt: at,
      updatedAt: at,
      version: 1,
    },
  };
}

function entryOf(launch: CourseLaunch, by: { mapped: MappedRoles; level: PermissionLevel; at: number }): EntryDecision {
  const { subject, person } = launch;
  const { level, at } = by;
  const entry = { subject, person, level, roles: rolesKey(launch.roles), isTest: by.mapped.isTest, at };
  return (known, { id: channelId }, userId) =>
    withLaunch(known ?? emptyMembership({ channelId, userId, subject }, 'launch', at), entry);
}
