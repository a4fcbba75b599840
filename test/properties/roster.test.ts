import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deactivatedByHand,
  emptyMembership,
  type Membership,
  type RosterEntry,
  sameMembership,
  settle,
  withLaunch,
  withOverride,
} from '../../src/channels/membership.ts';
import { PERMISSION_LEVELS } from '../../src/channels/permission-level.ts';
import { mapRoles } from '../../src/channels/role-mapping.ts';
import {
  applyRosterChange,
  createRosterComparison,
  diffRoster,
  type RosterPolicy,
} from '../../src/channels/roster-diff.ts';
import { memberMark } from '../../src/channels/roster-mark.ts';
import { entry, member } from '../support/members.ts';

const policy: RosterPolicy = {
  departedOverrides: 'deactivate',
  hold: { min: 5, share: 0.2 },
  askBeforeRemovals: false,
  rosterAsOf: 0,
};
const subjects = ['a', 'b', 'c', 'd', 'e', 'f'];
const level = fc.constantFrom(...PERMISSION_LEVELS);
const subject = fc.constantFrom(...subjects);
const anEntry = fc
  .record({ subject, level, inactive: fc.boolean(), name: fc.option(fc.string()) })
  .map(({ name, ...said }) => entry(said.subject, { ...said, roles: said.level, person: { name, email: null } }));
const aRoster = fc
  .uniqueArray(anEntry, { selector: (one) => one.subject })
  .map((entries) => new Map(entries.map((one) => [one.subject, one])));

type Step =
  | {
      do: 'sync';
      roster: Map<string, RosterEntry>;
      editedMeanwhile: { subject: string; level: Membership['level'] } | null;
    }
  | { do: 'launch'; subject: string; level: Membership['level'] }
  | { do: 'override'; subject: string; level: Membership['level'] }
  | { do: 'deactivate'; subject: string };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('sync' as const),
    roster: aRoster,
    editedMeanwhile: fc.option(fc.record({ subject, level })),
  }),
  fc.record({ do: fc.constant('launch' as const), subject, level }),
  fc.record({ do: fc.constant('override' as const), subject, level }),
  fc.record({ do: fc.constant('deactivate' as const), subject }),
);

function sync(
  members: Map<string, Membership>,
  roster: Map<string, RosterEntry>,
  meanwhile: () => void = () => undefined,
  at = 0,
): void {
  const { changes } = diffRoster(members.values(), roster, { ...policy, rosterAsOf: at });
  meanwhile();
  for (const change of changes) {
    const { channelId, userId } = member(change.subject);
    const key = { channelId, userId, subject: change.subject, at };
    const next = applyRosterChange(members.get(change.subject) ?? null, change, key, { ...policy, rosterAsOf: at });
    if (next) members.set(change.subject, next);
  }
}

function edit(members: Map<string, Membership>, subject: string, change: (m: Membership) => Membership): void {
  const current = members.get(subject);
  if (current) members.set(subject, change(current));
}

describe('any roster', () => {
  it('once applied, is what the memberships say, and applied again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(aRoster, { minLength: 1, maxLength: 5 }), (rosters) => {
        const members = new Map<string, Membership>();
        for (const roster of rosters) sync(members, roster);
        const last = rosters.at(-1) ?? new Map();
        const active = [...members.values()].filter((m) => m.active).map((m) => [m.subject, m.level]);
        const listed = [...last.values()].filter((e) => !e.inactive).map((e) => [e.subject, e.level]);
        expect(active.sort()).toEqual(listed.sort());
        const before = new Map(members);
        expect(diffRoster(members.values(), last, policy).changes).toEqual([]);
        sync(members, last);
        for (const [key, value] of members) expect(sameMembership(value, before.get(key) as Membership)).toBe(true);
      }),
    );
  });

  it('counts every person exactly once', () => {
    fc.assert(
      fc.property(aRoster, aRoster, (first, second) => {
        const members = new Map<string, Membership>();
        sync(members, first);
        const { counts } = diffRoster(members.values(), second, policy);
        const everybody = new Set([...first.keys(), ...second.keys()]).size;
        expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(everybody);
      }),
    );
  });
});

describe('any membership', () => {
  const oftenNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 1 });
  const aLevel = fc.constantFrom('manager' as const, 'member' as const);
  const aMember = fc
    .record({
      subject,
      rosterLevel: fc.option(aLevel),
      rosterRoles: fc.option(aLevel),
      launchLevel: oftenNull(aLevel),
      launchAt: oftenNull(fc.integer({ min: -1, max: 1 })),
      rosterRolesAtLaunch: oftenNull(aLevel),
      override: oftenNull(aLevel),
      addedBy: fc.constantFrom('roster', 'launch', 'hand'),
      inactiveReason: oftenNull(fc.constantFrom('departed', 'inactive-in-lms', 'by-hand')),
      isTest: fc.boolean(),
      name: oftenNull(fc.constant('x')),
    } as const)
    .map(({ name, ...layers }) =>
      settle({ ...member(layers.subject), ...layers, person: { name, email: null } } as Membership),
    );
  const anEntryLikeIt = fc
    .record({
      subject,
      level: aLevel,
      inactive: fc.boolean(),
      isTest: fc.boolean(),
      name: oftenNull(fc.constant('x')),
    })
    .map(({ name, ...said }) => entry(said.subject, { ...said, roles: said.level, person: { name, email: null } }));

  it('that is passed over by its mark would be found unchanged, and counts the same', () => {
    let passedOver = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(aMember, { selector: (one) => one.subject, minLength: 3 }),
        fc.uniqueArray(anEntryLikeIt, { selector: (one) => one.subject, minLength: 3 }),
        fc.constantFrom('deactivate' as const, 'keep' as const),
        (members, entries, departedOverrides) => {
          const roster = new Map(entries.map((one) => [one.subject, one]));
          const whole = createRosterComparison(roster, { ...policy, departedOverrides });
          const marked = createRosterComparison(roster, { ...policy, departedOverrides });
          for (const one of members) {
            const change = whole.compare(one);
            if (marked.passOver(one.subject, memberMark(one))) {
              passedOver += 1;
              expect(change).toBeNull();
            } else expect(marked.compare(one)).toEqual(change);
          }
          expect([...marked.newcomers()]).toEqual([...whole.newcomers()]);
          expect(marked.result()).toEqual(whole.result());
        },
      ),
      { numRuns: 2000 },
    );
    expect(passedOver).toBeGreaterThan(5);
  });
});

describe('any interleaving of syncs, launches and edits', () => {
  it('keeps every level set by hand, and lets in nobody who departed or was shut out', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 25 }), (steps) => {
        const members = new Map<string, Membership>();
        const overrides = new Map<string, Membership['level']>();
        const shutOut = new Set<string>();
        let clock = 0;
        for (const step of steps) {
          clock += 10;
          play(step, clock);
          for (const [who, set] of overrides) expect(members.get(who)).toMatchObject({ override: set, level: set });
          for (const who of shutOut) expect(members.get(who)?.active).toBe(false);
          if (step.do === 'sync') expectPresence(step.roster);
        }

        function play(step: Step, at: number): void {
          if (step.do === 'sync') {
            const edited = step.editedMeanwhile;
            sync(members, step.roster, () => edited && override(edited.subject, edited.level), at);
          } else if (step.do === 'launch') {
            const { channelId, userId } = member(step.subject);
            const current =
              members.get(step.subject) ?? emptyMembership({ channelId, userId, subject: step.subject }, 'launch', at);
            const person = { name: null, email: null };
            const launch = { subject: step.subject, person, level: step.level, roles: 'x', isTest: false, at };
            members.set(step.subject, withLaunch(current, launch));
          } else if (step.do === 'override') override(step.subject, step.level);
          else {
            if (members.has(step.subject)) shutOut.add(step.subject);
            edit(members, step.subject, deactivatedByHand);
          }
        }

        function override(who: string, set: Membership['level']): void {
          if (members.has(who)) overrides.set(who, set);
          edit(members, who, (m) => withOverride(m, set));
        }

        function expectPresence(roster: Map<string, RosterEntry>): void {
          for (const m of members.values()) {
            const listed = roster.get(m.subject);
            if (listed && !listed.inactive && !shutOut.has(m.subject)) expect(m.active).toBe(true);
            if (!listed && m.active) expect(m.launchAt, `${m.subject} is active but was never launched`).not.toBeNull();
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('any roles', () => {
  it('never make a mapping fail, in any order give the same, and institution roles alone give nothing', () => {
    const role = fc.oneof(
      fc.string(),
      fc.constantFrom('Instructor', 'Learner', '__proto__', 'constructor', 'toString'),
      fc
        .tuple(
          fc.constantFrom('membership', 'institution/person', 'system/person', 'membership/Instructor'),
          fc.string(),
        )
        .map(([kind, name]) => `http://purl.imsglobal.org/vocab/lis/v2/${kind}#${name}`),
    );
    fc.assert(
      fc.property(fc.array(role), (roles) => {
        const mapped = mapRoles(roles);
        expect([null, ...PERMISSION_LEVELS]).toContain(mapped.level);
        expect(mapRoles([...roles].reverse())).toEqual(mapped);
        const institution = roles.map((name) => `http://purl.imsglobal.org/vocab/lis/v2/institution/person#${name}`);
        expect(mapRoles(institution).level).toBeNull();
      }),
    );
  });
});
