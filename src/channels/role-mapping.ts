import { higherLevel, type PermissionLevel } from './permission-level.ts';

/** What the roles of one person come to. */
export type MappedRoles = {
  /** Null when no role of this course gives one. */
  level: PermissionLevel | null;
  /** The LMS's test student. */
  isTest: boolean;
  /** Administers the LMS (or its institution), whatever the person does in this course. */
  isPlatformAdmin: boolean;
};

export type RoleMappingOptions = {
  /** The context's types; a group's Manager is a student who leads it. */
  contextTypes?: readonly string[];
  /** Levels for single roles of one platform, over the default table: role URI or bare context role -> level. */
  roleLevels?: Readonly<Record<string, PermissionLevel>>;
  /** Canvas says at launch (`$Canvas.membership.roles`) that an assistant teaches the course too, in another section. */
  teachesToo?: boolean;
};

/**
 * Maps LIS roles (LTI Core 1.3, appendix A.2) to a permission level: the highest wins, after the teaching-assistant rule.
 * Roles are compared as whole URIs by kind: Canvas sends the roles a person has anywhere in the institution with every
 * launch, so a student who teaches elsewhere carries `institution/person#Instructor`.
 */
export function mapRoles(roles: readonly string[], options: RoleMappingOptions = {}): MappedRoles {
  const own = normaliseTable(options.roleLevels ?? {});
  const inGroup = isGroup(options.contextTypes ?? []);
  const parsed = roles.map(normaliseRole);
  const assists =
    !options.teachesToo && parsed.some((role) => ASSISTANT.test(contextRole(role) ?? '') && !own.has(role));
  let level: PermissionLevel | null = null;
  for (const role of parsed) {
    level = higherLevel(level, own.get(role) ?? defaultLevel(contextRole(role), { assists, inGroup }));
  }
  return {
    level,
    isTest: parsed.includes(TEST_USER),
    isPlatformAdmin: parsed.some((role) => PLATFORM_ADMINS.has(role)),
  };
}

const LIS = 'http://purl.imsglobal.org/vocab/lis/v2';
const MEMBERSHIP = `${LIS}/membership`;
const TEST_USER = 'http://purl.imsglobal.org/vocab/lti/system/person#TestUser';
const PLATFORM_ADMINS = new Set([
  `${LIS}/institution/person#Administrator`,
  `${LIS}/system/person#Administrator`,
  `${LIS}/system/person#SysAdmin`,
  `${LIS}/system/person#AccountAdmin`,
]);

/** Canvas gives every teaching assistant the Instructor role too, so these take that role's level away. */
const ASSISTANT = /^Instructor\/(TeachingAssistant\w*|Grader|GuestInstructor|ExternalInstructor)$/;

/** Principal roles and the sub-roles that differ from theirs; an unknown sub-role counts as its principal. */
const DEFAULT_LEVELS: ReadonlyMap<string, PermissionLevel> = new Map([
  ['Administrator', 'manager'],
  ['Instructor', 'manager'],
  ['Manager', 'manager'],
  ['Manager/Observer', 'member'],
  ['Manager/ExternalObserver', 'member'],
  ['ContentDeveloper', 'contributor'],
  ['Officer', 'contributor'],
  ['Mentor', 'member'],
  ['Learner', 'member'],
  ['Member', 'member'],
]);

function defaultLevel(
  role: string | null,
  { assists, inGroup }: { assists: boolean; inGroup: boolean },
): PermissionLevel | null {
  if (role === null) return null;
  if (ASSISTANT.test(role)) return 'moderator';
  if (role === 'Instructor' && assists) return null;
  const level = DEFAULT_LEVELS.get(role) ?? DEFAULT_LEVELS.get(role.split('/')[0] ?? '') ?? null;
  return inGroup && role.split('/')[0] === 'Manager' ? 'member' : level;
}

/** The part of a context role that the table knows ("Learner", "Instructor/Grader"); null for every other kind of role. */
function contextRole(role: string): string | null {
  if (!role.includes(':')) return PRINCIPALS.get(role.toLowerCase()) ?? null;
  if (!role.startsWith(MEMBERSHIP)) return null;
  const [path = '', name] = role.slice(MEMBERSHIP.length).split('#');
  if (name === undefined || name === '') return null;
  if (path === '') return PRINCIPALS.get(name.toLowerCase()) ?? null;
  const principal = PRINCIPALS.get(path.slice(1).toLowerCase());
  if (principal === undefined) return null;
  return principal === name ? principal : `${principal}/${name}`;
}

/** The context roles that have bare names (LTI Core 1.3, appendix A.2.3). */
export const CONTEXT_ROLES: readonly string[] = [
  'Administrator',
  'ContentDeveloper',
  'Instructor',
  'Learner',
  'Manager',
  'Member',
  'Mentor',
  'Officer',
];

/** By lower case: an old Canvas wrote `membership/instructor#TeachingAssistant`. */
const PRINCIPALS = new Map(CONTEXT_ROLES.map((name) => [name.toLowerCase(), name] as const));

function normaliseRole(role: string): string {
  return role.trim().replace(/^https:\/\/purl\.imsglobal\.org\//, 'http://purl.imsglobal.org/');
}

// A Map, for a role is the LMS's text: `__proto__` must be no role.
function normaliseTable(table: Readonly<Record<string, PermissionLevel>>): Map<string, PermissionLevel> {
  return new Map(Object.entries(table).map(([role, level]) => [normaliseRole(role), level]));
}

/** Types come as URIs (`…/course#Group`) or, from Moodle, as bare words. */
function isGroup(types: readonly string[]): boolean {
  const names = types.map((type) => type.split('#').at(-1));
  return names.includes('Group') && !names.some((name) => name?.startsWith('Course'));
}
