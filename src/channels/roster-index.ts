import { type RosterEntry, rolesKey } from './membership.ts';
import { higherLevel } from './permission-level.ts';
import { type MappedRoles, mapRoles, type RoleMappingOptions } from './role-mapping.ts';
import { entryMark, type MarkedEntry } from './roster-mark.ts';
import type { RosterMember } from './roster-source.ts';

/**
 * The one thing a sync keeps of a roster: an entry per person, by subject. Roles are mapped and interned per distinct
 * set (a course has a handful), so 100,000 people cost tens of megabytes.
 */
export type RosterIndex = {
  entries: ReadonlyMap<string, MarkedEntry>;
  /** Adds a page, and makes the marks of its people while the LMS makes the next one. People whose roles give no level in this course are left out. */
  add(members: readonly RosterMember[], mapping: RoleMappingOptions): void;
};

export function createRosterIndex(): RosterIndex {
  const entries = new Map<string, MarkedEntry>();
  const interned = new Map<string, { key: string; mapped: MappedRoles }>();

  function rolesOf(member: RosterMember, mapping: RoleMappingOptions) {
    const key = rolesKey(member.roles);
    const cacheKey = `${mapping.contextTypes?.join(' ') ?? ''}|${key}`;
    const known = interned.get(cacheKey);
    if (known) return known;
    const fresh = { key, mapped: mapRoles(member.roles, mapping) };
    interned.set(cacheKey, fresh);
    return fresh;
  }

  return {
    entries,
    add(members, mapping) {
      for (const member of members) {
        const { key, mapped } = rolesOf(member, mapping);
        if (mapped.level === null) continue;
        const entry: RosterEntry = {
          subject: member.subject,
          person: { name: member.name, email: member.email },
          level: mapped.level,
          roles: key,
          isTest: mapped.isTest,
          inactive: member.inactive,
        };
        const other = entries.get(member.subject);
        const merged = other ? mergeEntries(other, entry) : entry;
        entries.set(member.subject, Object.assign(merged, { mark: entryMark(merged) }));
      }
    },
  };
}

// Somebody in two courses of one channel, or on two pages of a list that moved while it was read.
function mergeEntries(a: RosterEntry, b: RosterEntry): RosterEntry {
  return {
    subject: a.subject,
    person: { name: a.person.name ?? b.person.name, email: a.person.email ?? b.person.email },
    level: higherLevel(a.level, b.level) ?? a.level,
    roles: rolesKey([...a.roles.split(' '), ...b.roles.split(' ')]),
    isTest: a.isTest && b.isTest,
    inactive: a.inactive && b.inactive,
  };
}
