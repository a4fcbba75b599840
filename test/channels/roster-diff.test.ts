import { describe, expect, it } from 'vitest';
import { withOverride } from '../../src/channels/membership.ts';
import { diffRoster, type RosterPolicy } from '../../src/channels/roster-diff.ts';
import { entry, member, roster } from '../support/members.ts';

const policy: RosterPolicy = {
  departedOverrides: 'deactivate',
  hold: { min: 5, share: 0.2 },
  askBeforeRemovals: false,
  rosterAsOf: 1_000,
};
const teacher = member('teacher', { rosterLevel: 'manager', rosterRoles: 'Instructor' });
const teacherEntry = entry('teacher', { level: 'manager', roles: 'Instructor' });

function classOf(size: number) {
  return Array.from({ length: size }, (_, i) => member(`s${i}`));
}

function rosterOf(size: number, ...more: ReturnType<typeof entry>[]) {
  return roster(teacherEntry, ...Array.from({ length: size }, (_, i) => entry(`s${i}`)), ...more);
}

describe('diffRoster', () => {
  it('tells added, changed, deactivated, reactivated, kept and unchanged people apart', () => {
    const departed = member('back', { inactiveReason: 'departed', rosterLevel: null });
    const current = [
      teacher,
      member('same'),
      member('promoted'),
      member('gone'),
      departed,
      withOverride(member('pinned'), 'moderator'),
      member('guest', { addedBy: 'hand', rosterLevel: null, rosterRoles: null }),
    ];
    const promoted = entry('promoted', { level: 'contributor', roles: 'ContentDeveloper' });
    const listed = roster(teacherEntry, entry('same'), promoted, entry('back'), entry('pinned'), entry('new'));
    const { changes, counts, hold } = diffRoster(current, listed, policy);
    expect(Object.fromEntries(changes.map(({ subject, kind }) => [subject, kind]))).toEqual({
      new: 'add',
      promoted: 'change',
      gone: 'deactivate',
      back: 'reactivate',
      pinned: 'keep',
      guest: 'keep',
    });
    expect(counts).toEqual({ added: 1, changed: 1, deactivated: 1, reactivated: 1, kept: 2, unchanged: 2 });
    expect(hold).toBeNull();
  });

  it('finds nothing to change in a roster that says what is known', () => {
    expect(diffRoster([teacher, ...classOf(50)], rosterOf(50), policy).changes).toEqual([]);
  });

  it('holds an empty roster while there were members', () => {
    expect(diffRoster([teacher, ...classOf(3)], roster(), policy).hold).toBe('empty-roster');
    expect(diffRoster([], roster(), policy).hold).toBeNull();
  });

  it.each([
    { size: 10, leave: 5, held: false },
    { size: 10, leave: 6, held: true },
    { size: 99, leave: 20, held: false },
    { size: 99, leave: 21, held: true },
    { size: 4, leave: 2, held: false },
    { size: 4, leave: 3, held: true },
    { size: 1, leave: 1, held: false },
  ])('for $leave removals of $size students and a teacher, held is $held', ({ size, leave, held }) => {
    const { hold, counts } = diffRoster([teacher, ...classOf(size)], rosterOf(size - leave), policy);
    expect(counts.deactivated).toBe(leave);
    expect(hold).toBe(held ? 'too-many-removals' : null);
  });

  it('holds a roster that leaves nobody to manage, by removal or by demotion', () => {
    const students = roster(...Array.from({ length: 20 }, (_, i) => entry(`s${i}`)));
    expect(diffRoster([teacher, ...classOf(20)], students, policy).hold).toBe('no-manager-left');
    const demoted = rosterOf(20, entry('teacher', { level: 'member', roles: 'Learner' }));
    expect(diffRoster([teacher, ...classOf(20)], demoted, policy).hold).toBe('no-manager-left');
  });

  it('leaves alone who launched while the roster was being read', () => {
    const late = member('late', { launchAt: 1_500, launchLevel: 'member' });
    expect(diffRoster([teacher, late, ...classOf(9)], rosterOf(9), policy).counts.deactivated).toBe(0);
  });

  it('is not reassured by a manager who is known by a launch alone', () => {
    const visitor = member('visitor', {
      addedBy: 'launch',
      rosterLevel: null,
      rosterRoles: null,
      launchLevel: 'manager',
    });
    const students = roster(...Array.from({ length: 20 }, (_, i) => entry(`s${i}`)));
    expect(diffRoster([teacher, visitor, ...classOf(20)], students, policy).hold).toBe('no-manager-left');
  });

  it('holds a roster that takes the only manager there is, known by a launch alone', () => {
    const layers = { addedBy: 'launch', rosterLevel: null, rosterRoles: null, launchLevel: 'manager' } as const;
    const visitor = member('visitor', { ...layers, launchAt: 500 });
    const listed = roster(entry('visitor', { level: 'manager', roles: 'Instructor', inactive: true }), entry('s0'));
    expect(diffRoster([visitor, member('s0')], listed, policy).hold).toBe('no-manager-left');
  });

  it('holds a roster that takes anybody away, where a channel asks for that, and no other', () => {
    const asking = { ...policy, askBeforeRemovals: true };
    expect(diffRoster([teacher, ...classOf(9)], rosterOf(8), asking).hold).toBe('asks-before-removals');
    expect(diffRoster([teacher, ...classOf(9)], rosterOf(8), policy).hold).toBeNull();
    expect(diffRoster([teacher, ...classOf(9)], rosterOf(12), asking).hold).toBeNull();
    const tests = [member('test', { isTest: true })];
    expect(diffRoster([teacher, ...tests, ...classOf(9)], rosterOf(9), asking).hold).toBeNull();
  });

  it('lets nobody go Inactive who launched while the roster was being read', () => {
    const late = member('late', { launchAt: 1_500, launchLevel: 'member' });
    const listed = rosterOf(9, entry('late', { inactive: true }));
    expect(diffRoster([teacher, late, ...classOf(9)], listed, policy).counts.deactivated).toBe(0);
  });

  it('does not count test students as removals', () => {
    const tests = Array.from({ length: 9 }, (_, i) => member(`test${i}`, { isTest: true }));
    const { hold, counts } = diffRoster([teacher, ...tests, ...classOf(9)], rosterOf(9), policy);
    expect(hold).toBeNull();
    expect(counts).toMatchObject({ deactivated: 0, unchanged: 10 });
  });
});
