import { PERMISSION_LEVELS, type PermissionLevel } from '../channels/permission-level.ts';
import { CONTEXT_ROLES } from '../channels/role-mapping.ts';
import { type Parsed, right, wrong } from '../config/values.ts';

/** One `--role-level`: the level for a role, or null for that of the default table. */
export type RoleLevel = { role: string; level: PermissionLevel | null };

/** Reads `ROLE=LEVEL`. A role is a URI, or the bare name of a context role (LTI Core 1.3, appendix A.2.3). */
export function readRoleLevel(text: string): Parsed<RoleLevel> {
  const [, role = '', word] = /^(.+)=([^=]*)$/.exec(text.trim()) ?? [];
  const level = PERMISSION_LEVELS.find((candidate) => candidate === word);
  if (!level && word !== 'default') {
    return wrong(`is not ROLE=LEVEL with a level of ${PERMISSION_LEVELS.join(', ')} or default`);
  }
  if (!role.includes(':') && !CONTEXT_ROLES.includes(role)) {
    return wrong(`names no role: write its whole URI, or one of ${CONTEXT_ROLES.join(', ')}`);
  }
  return right({ role, level: level ?? null });
}

/** The table with the changes made. */
export function withRoleLevels(
  table: Readonly<Record<string, PermissionLevel>>,
  changes: readonly RoleLevel[],
): Record<string, PermissionLevel> {
  const next = new Map(Object.entries(table));
  for (const { role, level } of changes) {
    for (const spelling of spellings(role)) {
      if (level === null) next.delete(spelling);
      else next.set(spelling, level);
    }
  }
  return Object.fromEntries(next);
}

const MEMBERSHIP = 'http://purl.imsglobal.org/vocab/lis/v2/membership#';

// The table is compared to the letter, and Moodle calls one role by its URI in launches and by its bare name in rosters.
function spellings(role: string): string[] {
  const name = CONTEXT_ROLES.find((candidate) => role === candidate || role === `${MEMBERSHIP}${candidate}`);
  return name ? [name, `${MEMBERSHIP}${name}`] : [role];
}
