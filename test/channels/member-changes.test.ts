import { describe, expect, it } from 'vitest';
import type { UserId } from '../../src/channels/channel.ts';
import {
  decideChange,
  type MemberChange,
  type MemberRefusal,
  type MemberRules,
  managersGained,
} from '../../src/channels/member-changes.ts';
import {
  addedByHand,
  deactivatedByHand,
  emptyMembership,
  enteredByProgram,
  type Membership,
  withLaunch,
  withOverride,
  withoutRosterEntry,
  withRosterEntry,
} from '../../src/channels/membership.ts';
import type { PermissionLevel } from '../../src/channels/permission-level.ts';
import { entry, member } from '../support/members.ts';

const CHANGES = {
  'to moderator': { level: 'moderator' },
  'to member': { level: 'member' },
  'to manager': { level: 'manager' },
  deactivate: { status: 'inactive' },
  reactivate: { status: 'active' },
  'to automatic': { updateMethod: 'automatic' },
  'to manual': { updateMethod: 'manual' },
  'remove added': { remove: 'added' },
  'remove any': { remove: 'any' },
} satisfies Record<string, MemberChange>;

type ChangeName = keyof typeof CHANGES;

function nobody(subject = 's'): Membership {
  const { channelId, userId } = member(subject);
  return emptyMembership({ channelId, userId, subject }, 'launch', 0);
}

function launched(current: Membership, level: PermissionLevel, at = 100): Membership {
  const said = { subject: 's', person: { name: 'S', email: null }, roles: level, isTest: false };
  return withLaunch(current, { ...said, level, at });
}

const KINDS = {
  roster: member('s'),
  launch: launched(nobody(), 'member'),
  hand: addedByHand(nobody(), 'contributor'),
  api: enteredByProgram(nobody(), 'member'),
  overridden: withOverride(member('s'), 'contributor'),
  departed: withoutRosterEntry(member('s'), 'deactivate'),
  'departed, overridden': withoutRosterEntry(withOverride(member('s'), 'contributor'), 'deactivate'),
  'inactive in the LMS': withRosterEntry(member('s'), entry('s', { inactive: true }), 'deactivate'),
  'shut out by hand': deactivatedByHand(member('s')),
  'last manager': member('s', { rosterLevel: 'manager', rosterRoles: 'Instructor' }),
  owner: addedByHand(member('s'), 'manager'),
  'test student': member('s', { isTest: true, rosterLevel: 'manager' }),
} satisfies Record<string, Membership>;

type Kind = keyof typeof KINDS;

const OWNER = KINDS.owner.userId;
const rules = (kind: Kind, override: boolean): MemberRules => ({
  ownerId: kind === 'owner' ? OWNER : ('another' as UserId),
  managers: kind === 'last manager' ? 1 : 2,
  override,
});

/**
 * What each change makes of each kind of member when a person makes it: `level` and how it stands (`auto`, `manual`,
 * `gone` for removed, or inactive by `departed`, `inactive-in-lms`, `by-hand`), `=` for no change, or the refusal.
 */
const BY_PERSON: Record<Kind, Record<ChangeName, string>> = {
  roster: {
    'to moderator': 'moderator manual',
    'to member': 'member manual',
    'to manager': 'manager manual',
    deactivate: 'member by-hand',
    reactivate: '=',
    'to automatic': '=',
    'to manual': 'member manual',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  launch: {
    'to moderator': 'moderator manual',
    'to member': 'member manual',
    'to manager': 'manager manual',
    deactivate: 'member by-hand',
    reactivate: '=',
    'to automatic': '=',
    'to manual': 'member manual',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  hand: {
    'to moderator': 'moderator manual',
    'to member': 'member manual',
    'to manager': 'manager manual',
    deactivate: 'contributor by-hand',
    reactivate: '=',
    'to automatic': 'member manual',
    'to manual': '=',
    'remove added': 'gone',
    'remove any': 'gone',
  },
  api: {
    'to moderator': 'moderator manual',
    'to member': 'member manual',
    'to manager': 'manager manual',
    deactivate: 'member by-hand',
    reactivate: '=',
    'to automatic': '=',
    'to manual': 'member manual',
    'remove added': 'gone',
    'remove any': 'gone',
  },
  overridden: {
    'to moderator': 'moderator manual',
    'to member': 'member manual',
    'to manager': 'manager manual',
    deactivate: 'contributor by-hand',
    reactivate: '=',
    'to automatic': 'member auto',
    'to manual': '=',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  departed: {
    'to moderator': 'moderator departed',
    'to member': 'member departed',
    'to manager': 'manager departed',
    deactivate: 'member by-hand',
    reactivate: 'member manual',
    'to automatic': '=',
    'to manual': 'member departed',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  'departed, overridden': {
    'to moderator': 'moderator departed',
    'to member': 'member departed',
    'to manager': 'manager departed',
    deactivate: 'contributor by-hand',
    reactivate: 'contributor manual',
    'to automatic': 'member departed',
    'to manual': '=',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  'inactive in the LMS': {
    'to moderator': 'moderator inactive-in-lms',
    'to member': 'member inactive-in-lms',
    'to manager': 'manager inactive-in-lms',
    deactivate: 'member by-hand',
    reactivate: 'member manual',
    'to automatic': '=',
    'to manual': 'member inactive-in-lms',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  'shut out by hand': {
    'to moderator': 'moderator by-hand',
    'to member': 'member by-hand',
    'to manager': 'manager by-hand',
    deactivate: '=',
    reactivate: 'member auto',
    'to automatic': '=',
    'to manual': 'member by-hand',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
  'last manager': {
    'to moderator': 'last-manager',
    'to member': 'last-manager',
    'to manager': 'manager manual',
    deactivate: 'last-manager',
    reactivate: '=',
    'to automatic': '=',
    'to manual': 'manager manual',
    'remove added': 'on-roster',
    'remove any': 'last-manager',
  },
  owner: {
    'to moderator': 'is-owner',
    'to member': 'is-owner',
    'to manager': '=',
    deactivate: 'is-owner',
    reactivate: '=',
    'to automatic': 'is-owner',
    'to manual': '=',
    'remove added': 'on-roster',
    'remove any': 'is-owner',
  },
  'test student': {
    'to moderator': 'moderator manual',
    'to member': 'member manual',
    'to manager': 'manager manual',
    deactivate: 'manager by-hand',
    reactivate: '=',
    'to automatic': '=',
    'to manual': 'manager manual',
    'remove added': 'on-roster',
    'remove any': 'gone',
  },
};

/** Kinds that are what they are by a person's word: without `override`, every change of them is refused. */
const KEPT: readonly Kind[] = ['hand', 'overridden', 'departed, overridden', 'shut out by hand', 'owner'];

const kinds = Object.keys(KINDS) as Kind[];
const changes = Object.keys(CHANGES) as ChangeName[];

function told(kind: Kind, change: ChangeName, override: boolean): string {
  const decided = decideChange(KINDS[kind], CHANGES[change], rules(kind, override));
  if (!decided.ok) return decided.reason;
  if (decided.value === null) return 'gone';
  if (decided.value === KINDS[kind] || same(KINDS[kind], decided.value)) return '=';
  const { level, updateMethod, inactiveReason } = decided.value;
  return `${level} ${inactiveReason ?? (updateMethod === 'manual' ? 'manual' : 'auto')}`;
}

function same(a: Membership, b: Membership): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

describe('a change of one member', () => {
  it.each(kinds)('does to %s what the table says, when a person makes it', (kind) => {
    const outcome = Object.fromEntries(changes.map((change) => [change, told(kind, change, true)]));
    expect(outcome).toEqual(BY_PERSON[kind]);
  });

  it.each(kinds)('does to %s the same without override, unless a person had set something', (kind) => {
    const outcome = Object.fromEntries(changes.map((change) => [change, told(kind, change, false)]));
    const kept = (what: string) => (what === '=' ? what : 'kept-set-by-hand');
    const row = Object.entries(BY_PERSON[kind]).map(([change, what]) => [
      change,
      KEPT.includes(kind) ? kept(what) : what,
    ]);
    expect(outcome).toEqual(Object.fromEntries(row));
  });

  it('changes nothing the second time', () => {
    for (const kind of kinds)
      for (const name of changes) {
        const once = decideChange(KINDS[kind], CHANGES[name], rules(kind, true));
        if (!once.ok || once.value === null) continue;
        const twice = decideChange(once.value, CHANGES[name], rules(kind, true));
        // Somebody added by hand has nothing to return to, and is told so instead of being told that it was done.
        if (kind === 'hand' && name === 'to automatic') expect(twice).toMatchObject({ reason: 'added-by-hand' });
        else expect(twice, `${kind}: ${name}`).toMatchObject({ ok: true, value: once.value });
      }
  });

  it('never touches what roster and launches said', () => {
    const layers = ({
      rosterLevel,
      rosterRoles,
      launchLevel,
      launchRoles,
      launchAt,
      rosterRolesAtLaunch,
    }: Membership) =>
      JSON.stringify({ rosterLevel, rosterRoles, launchLevel, launchRoles, launchAt, rosterRolesAtLaunch });
    for (const kind of kinds)
      for (const name of changes) {
        const decided = decideChange(KINDS[kind], CHANGES[name], rules(kind, true));
        if (decided.ok && decided.value) expect(layers(decided.value)).toBe(layers(KINDS[kind]));
      }
  });

  it('tells somebody added by hand, whom no roster lists, that there is nothing to return to', () => {
    const guest = { ...addedByHand(nobody(), 'member'), override: null };
    const decided = decideChange(guest, CHANGES['to automatic'], rules('hand', true));
    expect(decided).toEqual({ ok: false, reason: 'added-by-hand' satisfies MemberRefusal });
  });

  it('returns somebody to the program that had entered them, not to a roster that never listed them', () => {
    const back = decideChange(addedByHand(KINDS.api, 'manager'), CHANGES['to automatic'], rules('api', true));
    expect(back).toMatchObject({ ok: true, value: { addedBy: 'api', level: 'member', updateMethod: 'automatic' } });
    expect(back.ok && back.value && withoutRosterEntry(back.value, 'deactivate').active).toBe(true);
    expect(told('api', 'remove added', true)).toBe('gone');
    const removed = decideChange(addedByHand(KINDS.api, 'manager'), CHANGES['remove added'], rules('api', true));
    expect(removed).toEqual({ ok: true, value: null });
  });

  it('lets go whom the roster dropped, once the override that had kept them is taken back', () => {
    const kept = withoutRosterEntry(withOverride(member('s'), 'moderator'), 'keep');
    expect(kept.active).toBe(true);
    const back = decideChange(kept, CHANGES['to automatic'], rules('overridden', true));
    expect(back).toMatchObject({ ok: true, value: { active: false, inactiveReason: 'departed' } });
  });

  it('guards the owner also when the LMS calls them a test student', () => {
    const owner = { ...KINDS.owner, isTest: true };
    expect(decideChange(owner, CHANGES['to member'], rules('owner', true))).toMatchObject({ reason: 'is-owner' });
  });

  it('counts managers gained and lost, test students aside', () => {
    expect(managersGained(null, KINDS['last manager'])).toBe(1);
    expect(managersGained(KINDS['last manager'], null)).toBe(-1);
    expect(managersGained(KINDS['last manager'], KINDS.owner)).toBe(0);
    expect(managersGained(KINDS['last manager'], deactivatedByHand(KINDS['last manager']))).toBe(-1);
    expect(managersGained(null, KINDS['test student'])).toBe(0);
  });
});
