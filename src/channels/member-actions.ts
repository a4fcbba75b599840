import type { MemberChange, MemberRefusal } from './member-changes.ts';
import { PERMISSION_LEVELS, type PermissionLevel } from './permission-level.ts';

/** What the pages offer to do with one member or with many; a form names one of them. */
export const MEMBER_ACTIONS = [
  'level.manager',
  'level.moderator',
  'level.contributor',
  'level.member',
  'automatic',
  'deactivate',
  'reactivate',
  'remove',
] as const;

export type MemberAction = (typeof MEMBER_ACTIONS)[number];

export function changeOf(action: MemberAction): MemberChange {
  if (action === 'automatic') return { updateMethod: 'automatic' };
  if (action === 'deactivate') return { status: 'inactive' };
  if (action === 'reactivate') return { status: 'active' };
  if (action === 'remove') return { remove: 'added' };
  return { level: levelOf(action) ?? 'member' };
}

/** The level that an action sets; null for the others. */
export function levelOf(action: MemberAction): PermissionLevel | null {
  return PERMISSION_LEVELS.find((level) => action === `level.${level}`) ?? null;
}

/** Refusals that people meet on these pages and can do something about. */
export type ToldRefusal = Exclude<MemberRefusal, 'no-such-member' | 'kept-set-by-hand'>;
