import { describe, expect, it } from 'vitest';
import type { PlatformId, UserId } from '../../src/channels/channel.ts';
import type { MemberRules } from '../../src/channels/member-changes.ts';
import { decideEntry, type MemberEntry } from '../../src/channels/member-entries.ts';
import {
  addedByHand,
  deactivatedByHand,
  enteredByProgram,
  type Membership,
  membershipOfUser,
  withLaunch,
  withOverride,
  withoutRosterEntry,
  withRosterEntry,
} from '../../src/channels/membership.ts';
import { entry, member } from '../support/members.ts';

const KEY = (({ channelId, userId, subject }: Membership) => ({ channelId, userId, subject }))(member('s'));
const USER = {
  id: KEY.userId,
  platformId: 'platform' as PlatformId,
  subject: 's',
  name: 'S',
  email: null,
  createdAt: 0,
  updatedAt: 0,
};
const nobody = () => membershipOfUser(KEY.channelId, USER, 'launch', 0);
const person = { name: 'S', email: null };
const launch = { subject: 's', person, roles: 'Learner', isTest: false, level: 'member', at: 100 } as const;

function decide(
  current: Membership | null,
  level: MemberEntry['level'],
  updateMethod: MemberEntry['updateMethod'],
  rules: Partial<MemberRules> = {},
) {
  const context = {
    ownerId: null,
    managers: 2,
    override: false,
    ...rules,
    channelId: KEY.channelId,
    user: USER,
    at: 5,
  };
  return decideEntry(current, { level, updateMethod }, context);
}

function told(...asked: Parameters<typeof decide>): string {
  const decided = decide(...asked);
  if (!decided.ok) return decided.reason;
  if (JSON.stringify(decided.value) === JSON.stringify(asked[0])) return '=';
  const { level, updateMethod, addedBy, inactiveReason } = decided.value;
  return `${level} ${updateMethod} ${addedBy}${inactiveReason ? ` ${inactiveReason}` : ''}`;
}

const KINDS = {
  nobody: null,
  roster: member('s'),
  launch: withLaunch(nobody(), launch),
  hand: addedByHand(nobody(), 'contributor'),
  api: enteredByProgram(nobody(), 'member'),
  overridden: withOverride(member('s'), 'contributor'),
  departed: withoutRosterEntry(member('s'), 'deactivate'),
  'inactive in the LMS': withRosterEntry(member('s'), entry('s', { inactive: true }), 'deactivate'),
  'shut out by hand': deactivatedByHand(member('s')),
} satisfies Record<string, Membership | null>;

type Kind = keyof typeof KINDS;

describe('an entry of one person', () => {
  /** Without override and with it, for an entry as contributor. */
  const table: Record<Kind, Record<'automatic' | 'manual', [string, string]>> = {
    nobody: {
      automatic: ['contributor automatic api', 'contributor automatic api'],
      manual: ['contributor manual hand', 'contributor manual hand'],
    },
    roster: {
      automatic: ['roster-decides', 'roster-decides'],
      manual: ['contributor manual roster', 'contributor manual roster'],
    },
    launch: {
      automatic: ['contributor automatic api', 'contributor automatic api'],
      manual: ['contributor manual launch', 'contributor manual launch'],
    },
    hand: {
      automatic: ['kept-set-by-hand', 'contributor automatic api'],
      manual: ['=', '='],
    },
    api: {
      automatic: ['contributor automatic api', 'contributor automatic api'],
      manual: ['contributor manual api', 'contributor manual api'],
    },
    overridden: { automatic: ['roster-decides', 'roster-decides'], manual: ['=', '='] },
    departed: {
      automatic: ['contributor automatic api', 'contributor automatic api'],
      manual: ['contributor manual hand', 'contributor manual hand'],
    },
    'inactive in the LMS': {
      automatic: ['roster-decides', 'roster-decides'],
      manual: ['contributor manual hand', 'contributor manual hand'],
    },
    'shut out by hand': {
      automatic: ['roster-decides', 'roster-decides'],
      manual: ['kept-set-by-hand', 'contributor manual roster'],
    },
  };

  it.each(Object.keys(KINDS) as Kind[])('makes of %s what the table says', (kind) => {
    const current = KINDS[kind];
    const outcome = (method: 'automatic' | 'manual') =>
      [false, true].map((override) => told(current, 'contributor', method, { override }));
    expect({ automatic: outcome('automatic'), manual: outcome('manual') }).toEqual(table[kind]);
  });

  it('agrees with a roster that says the same, and returns what a person set to it only with override', () => {
    expect(told(KINDS.roster, 'member', 'automatic')).toBe('=');
    expect(told(KINDS.overridden, 'member', 'automatic')).toBe('kept-set-by-hand');
    expect(told(KINDS.overridden, 'member', 'automatic', { override: true })).toBe('member automatic roster');
    expect(told(KINDS['shut out by hand'], 'member', 'automatic')).toBe('kept-set-by-hand');
    expect(told(KINDS['shut out by hand'], 'member', 'automatic', { override: true })).toBe('member automatic roster');
  });

  it('changes nothing the second time', () => {
    for (const current of Object.values(KINDS))
      for (const method of ['automatic', 'manual'] as const) {
        const once = decide(current, 'moderator', method, { override: true });
        if (once.ok) expect(told(once.value, 'moderator', method)).toBe('=');
      }
  });

  it('demotes neither the last manager nor the owner', () => {
    const manager = member('s', { rosterLevel: 'manager', rosterRoles: 'Instructor' });
    expect(told(manager, 'member', 'manual', { managers: 1, override: true })).toBe('last-manager');
    expect(told(manager, 'manager', 'manual', { managers: 1 })).toBe('manager manual roster');
    const entered = enteredByProgram(nobody(), 'manager');
    expect(told(entered, 'member', 'automatic', { managers: 1 })).toBe('last-manager');
    const owner = addedByHand(member('s'), 'manager');
    const rules = { ownerId: 'user-s' as UserId, override: true };
    expect(told(owner, 'member', 'manual', rules)).toBe('is-owner');
    expect(told(owner, 'member', 'automatic', rules)).toBe('is-owner');
    expect(told(owner, 'manager', 'manual', rules)).toBe('=');
  });

  it('by a program stays without a roster, gives way to one that lists the person, and ends with its silence', () => {
    const entered = enteredByProgram(nobody(), 'moderator');
    expect(withoutRosterEntry(entered, 'deactivate')).toBe(entered);
    const listed = withRosterEntry(entered, entry('s'), 'deactivate');
    expect(listed).toMatchObject({ addedBy: 'roster', level: 'member', active: true });
    expect(told(listed, 'moderator', 'automatic')).toBe('roster-decides');
    expect(withoutRosterEntry(listed, 'deactivate')).toMatchObject({ active: false, inactiveReason: 'departed' });
  });

  it('by a program does not make a launch of before the first roster a thing of the past', () => {
    const tutor = withLaunch(enteredByProgram(nobody(), 'member'), {
      ...launch,
      level: 'manager',
      roles: 'Instructor',
    });
    expect(tutor.level).toBe('manager');
    expect(withRosterEntry(tutor, entry('s'), 'deactivate').level).toBe('manager');
  });

  it('keeps a program’s person who was made a member by hand and returned', () => {
    const owner = addedByHand(enteredByProgram(nobody(), 'moderator'), 'manager');
    const silent = withoutRosterEntry(owner, 'deactivate');
    expect(told(silent, 'moderator', 'automatic', { override: true })).toBe('moderator automatic api');
  });
});
