import { z } from 'zod';
import type { MemberFilter } from './channel-store.ts';
import { PERMISSION_LEVELS } from './permission-level.ts';

export const STATUSES = ['active', 'inactive', 'departed', 'inactive-in-lms', 'by-hand'] as const;
export const METHODS = ['automatic', 'manual'] as const;

/** The list's query as it stands in the address; what is not understood counts as not given. */
export const MEMBERS_QUERY = z.object({
  q: z.string().trim().max(200).catch(''),
  level: z.enum(PERMISSION_LEVELS).nullable().catch(null),
  status: z.enum(STATUSES).nullable().catch(null),
  method: z.enum(METHODS).nullable().catch(null),
  cursor: z.string().max(2000).nullable().catch(null),
});

export type MembersQuery = z.infer<typeof MEMBERS_QUERY>;

/** What to ask the store for. */
export function memberFilter({ q, level, status, method }: MembersQuery): MemberFilter {
  return {
    ...(q === '' ? {} : { q }),
    ...(level === null ? {} : { level }),
    ...(method === null ? {} : { updateMethod: method }),
    ...statusFilter(status),
  };
}

function statusFilter(status: MembersQuery['status']): MemberFilter {
  if (status === null) return {};
  if (status === 'active' || status === 'inactive') return { active: status === 'active' };
  return { active: false, inactiveReason: status };
}

export type HiddenField = { name: string; value: string };

/**
 * Where somebody is in the list, for coming back to it: only what is understood of an address or a form, so that no form
 * can send anybody anywhere else.
 */
export function placeIn(source: unknown): MembersQuery {
  return MEMBERS_QUERY.parse(source ?? {});
}

/** The place in the list as hidden fields of a form. */
export function placeFields(query: MembersQuery): HiddenField[] {
  return Object.entries(query).flatMap(([name, value]) => (value === null || value === '' ? [] : [{ name, value }]));
}
