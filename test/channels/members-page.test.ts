import { describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { memberRow } from '../../src/channels/members-page.ts';
import { MEMBERS_QUERY, memberFilter } from '../../src/channels/members-query.ts';
import { emptyMembership, type Membership, settle } from '../../src/channels/membership.ts';
import { createReader } from '../../src/lib/reader.ts';
import { readTexts } from '../../src/web/texts.ts';

const t = readTexts(new URL('../../locales/', import.meta.url)).forLocale('en');
const reader = createReader({ t, locale: 'en', timeZone: 'UTC', now: 1_000_000_000 });

describe('the query of the members list', () => {
  it('is taken as far as it is understood', () => {
    expect(MEMBERS_QUERY.parse({ q: '  ana ', level: 'manager', status: 'departed', method: 'manual' })).toEqual({
      q: 'ana',
      level: 'manager',
      status: 'departed',
      method: 'manual',
      cursor: null,
    });
    const none = { q: '', level: null, status: null, method: null, cursor: null };
    expect(MEMBERS_QUERY.parse({})).toEqual(none);
    expect(MEMBERS_QUERY.parse({ q: ['a'], level: 'boss', status: '', method: '1', cursor: ['x'] })).toEqual(none);
  });

  it.each([
    ['active', { active: true }],
    ['inactive', { active: false }],
    ['by-hand', { active: false, inactiveReason: 'by-hand' }],
    [null, {}],
  ] as const)('asks the store for status %s by %j', (status, filter) => {
    expect(memberFilter({ q: '', level: null, status, method: null, cursor: null })).toEqual(filter);
  });
});

describe('a row of the members list', () => {
  it('tells what the roster says and what a person set, side by side', () => {
    const row = memberRow(member({ rosterLevel: 'member', override: 'contributor' }), true, reader);
    expect(row).toMatchObject({ level: 'Contributor', manual: true, method: 'By hand' });
    expect(row.layers).toEqual(['Roster: Member', 'Set by hand: Contributor']);
  });

  it('tells of a launch that says something else than the roster', () => {
    const row = memberRow(member({ rosterLevel: 'member', launchLevel: 'manager' }), true, reader);
    expect(row.layers).toEqual(['Roster: Member', 'Last launch: Manager']);
    expect(row).toMatchObject({ manual: false, method: 'Automatic' });
  });

  it.each(['departed', 'inactive-in-lms', 'by-hand'] as const)(
    'tells why somebody %s has no access',
    (inactiveReason) => {
      const row = memberRow(member({ inactiveReason }), true, reader);
      expect(row.active).toBe(false);
      expect(row.status).toMatch(/^No access: /);
    },
  );

  it('shows addresses to those who may see them only', () => {
    const withMail = member({ person: { name: 'Ana', email: 'ana@example.edu' } });
    expect(memberRow(withMail, true, reader).email).toBe('ana@example.edu');
    expect(memberRow(withMail, false, reader).email).toBeNull();
  });

  it('tells people apart whose names the LMS keeps back', () => {
    const row = memberRow(member({ subject: 'd2f4c0ae-00001234', person: { name: ' ', email: null } }), true, reader);
    expect(row).toMatchObject({ named: false, name: 'Name not shared by the LMS (ID …001234)' });
  });
});

function member(over: Partial<Membership>): Membership {
  const key = { channelId: 'c' as ChannelId, userId: 'u' as UserId, subject: 's' };
  return settle({ ...emptyMembership(key, 'roster', 0), rosterLevel: 'member', ...over });
}
