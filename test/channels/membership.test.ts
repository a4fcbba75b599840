import { describe, expect, it } from 'vitest';
import {
  addedByHand,
  deactivatedByHand,
  emptyMembership,
  enteredByProgram,
  type LaunchEntry,
  type Membership,
  reactivatedByHand,
  withLaunch,
  withOverride,
  withoutOverride,
  withoutRosterEntry,
  withRosterEntry,
} from '../../src/channels/membership.ts';
import { setByHand, stillSetByHand, withSetByHand } from '../../src/channels/set-by-hand.ts';
import { entry, member } from '../support/members.ts';

function launch(level: LaunchEntry['level'], said: Partial<LaunchEntry> = {}): LaunchEntry {
  return { subject: 's', person: { name: 'S', email: null }, level, roles: level, isTest: false, at: 100, ...said };
}

function newcomer(): Membership {
  const { channelId, userId } = member('s');
  return emptyMembership({ channelId, userId, subject: 's' }, 'launch', 0);
}

describe('the three layers of a membership', () => {
  it('takes the higher of roster and launch while the roster is as it was at that launch', () => {
    const tutor = withLaunch(member('s'), launch('manager'));
    expect(tutor.level).toBe('manager');
    expect(withRosterEntry(tutor, entry('s'), 'deactivate').level).toBe('manager');
  });

  it('drops the launch level once the roles in the roster change', () => {
    const tutor = withLaunch(member('s'), launch('manager'));
    const changed = withRosterEntry(
      tutor,
      entry('s', { roles: 'ContentDeveloper', level: 'contributor' }),
      'deactivate',
    );
    expect(changed.level).toBe('contributor');
  });

  it("keeps a Moodle tutor's launch level when the first roster after that launch says Learner", () => {
    const first = withRosterEntry(withLaunch(newcomer(), launch('manager')), entry('s'), 'deactivate');
    expect(first.level).toBe('manager');
    const later = withRosterEntry(first, entry('s', { roles: 'Learner Mentor' }), 'deactivate');
    expect(later.level).toBe('member');
  });

  it('does not bring an old launch back when the roster returns to its old word', () => {
    const tutor = withLaunch(member('s'), launch('manager'));
    const other = withRosterEntry(tutor, entry('s', { roles: 'Mentor' }), 'deactivate');
    expect(withRosterEntry(other, entry('s'), 'deactivate')).toMatchObject({ level: 'member', launchLevel: null });
  });

  it('shows the level a person set, whatever roster and launch say, and keeps theirs beside it', () => {
    const pinned = withOverride(member('s'), 'contributor');
    const taught = withRosterEntry(pinned, entry('s', { level: 'manager', roles: 'Instructor' }), 'deactivate');
    expect(taught).toMatchObject({ level: 'contributor', rosterLevel: 'manager', updateMethod: 'manual' });
    expect(withoutOverride(taught)).toMatchObject({ level: 'manager', updateMethod: 'automatic' });
  });

  it('deactivates whom the roster drops, with everything kept, and lets them back in by roster or launch', () => {
    const gone = withoutRosterEntry(withOverride(member('s'), 'moderator'), 'deactivate');
    expect(gone).toMatchObject({
      active: false,
      inactiveReason: 'departed',
      override: 'moderator',
      level: 'moderator',
    });
    expect(withRosterEntry(gone, entry('s'), 'deactivate')).toMatchObject({ active: true, level: 'moderator' });
    expect(withLaunch(gone, launch('member'))).toMatchObject({ active: true, inactiveReason: null });
  });

  it('keeps overridden people who leave where the site says so', () => {
    expect(withoutRosterEntry(withOverride(member('s'), 'moderator'), 'keep').active).toBe(true);
    expect(withoutRosterEntry(member('s'), 'keep').active).toBe(false);
  });

  it('leaves people added by hand and people known by launches alone where they are', () => {
    expect(withoutRosterEntry(member('s', { addedBy: 'hand' }), 'deactivate').active).toBe(true);
    const staff = withLaunch(newcomer(), launch('manager'));
    expect(withoutRosterEntry(staff, 'deactivate')).toBe(staff);
  });

  it('shuts out whom the roster lists as Inactive, but not who was added by hand', () => {
    const inactive = entry('s', { inactive: true });
    expect(withRosterEntry(member('s'), inactive, 'deactivate').inactiveReason).toBe('inactive-in-lms');
    expect(withRosterEntry(member('s', { addedBy: 'hand' }), inactive, 'deactivate').active).toBe(true);
  });

  it('keeps out whom a person deactivated, through rosters and launches, until a person lets them in', () => {
    const out = deactivatedByHand(member('s'));
    expect(withRosterEntry(out, entry('s'), 'deactivate').inactiveReason).toBe('by-hand');
    expect(withoutRosterEntry(out, 'deactivate').inactiveReason).toBe('by-hand');
    expect(withLaunch(out, launch('manager')).active).toBe(false);
    expect(reactivatedByHand(out).active).toBe(true);
  });

  it('makes whom a person lets in against the roster a member by hand, who stays', () => {
    const departed = withoutRosterEntry(member('s'), 'deactivate');
    const back = reactivatedByHand(departed);
    expect(back).toMatchObject({ active: true, addedBy: 'hand', updateMethod: 'manual' });
    expect(withoutRosterEntry(back, 'deactivate').active).toBe(true);
    const inactive = withRosterEntry(member('s'), entry('s', { inactive: true }), 'deactivate');
    expect(withRosterEntry(reactivatedByHand(inactive), entry('s', { inactive: true }), 'deactivate').active).toBe(
      true,
    );
    const shutOut = reactivatedByHand(deactivatedByHand(member('s')));
    expect(shutOut).toMatchObject({ active: true, addedBy: 'roster', updateMethod: 'automatic' });
  });

  it('returns somebody added by hand to automatic once the roster lists them', () => {
    const guest = withOverride(member('s', { addedBy: 'hand', rosterLevel: null, rosterRoles: null }), 'moderator');
    expect(withoutOverride(guest)).toMatchObject({ level: 'member', updateMethod: 'manual', addedBy: 'hand' });
    const listed = withRosterEntry(guest, entry('s'), 'deactivate');
    expect(withoutOverride(listed)).toMatchObject({ level: 'member', updateMethod: 'automatic', addedBy: 'roster' });
  });

  it('does not lose a name that one side hides, nor swap it for the other spelling', () => {
    const hidden = entry('s', { person: { name: null, email: null } });
    expect(withRosterEntry(member('s'), hidden, 'deactivate').person.name).toBe('s');
    const relaunched = withLaunch(member('s'), launch('member', { person: { name: 'S, Dr', email: 's@x' } }));
    expect(relaunched.person).toEqual({ name: 's', email: 's@x' });
  });
});

describe('what people had set at another moment', () => {
  it('is told apart from what roster and launches did since', () => {
    const pinned = withOverride(member('s'), 'moderator');
    const state = setByHand(pinned);
    const since = [
      withoutRosterEntry(pinned, 'deactivate'),
      withRosterEntry(pinned, entry('s', { level: 'manager', roles: 'Instructor' }), 'deactivate'),
      withRosterEntry(pinned, entry('s', { inactive: true }), 'deactivate'),
      withLaunch(pinned, launch('manager')),
    ];
    for (const one of since) expect(stillSetByHand(one, state)).toBe(true);
    for (const one of [deactivatedByHand(pinned), withOverride(pinned, 'member'), addedByHand(pinned, 'moderator')]) {
      expect(stillSetByHand(one, state)).toBe(false);
    }
  });

  it('is still that when a roster takes over from the program that had entered somebody', () => {
    const entered = enteredByProgram(newcomer(), 'moderator');
    const state = setByHand(entered);
    expect(stillSetByHand(withRosterEntry(entered, entry('s'), 'deactivate'), state)).toBe(true);
    expect(stillSetByHand(enteredByProgram(entered, 'member'), state)).toBe(false);
  });

  it('comes back over the roster’s and the launches’ layers as they are now', () => {
    const before = setByHand(member('s'));
    const pinned = withOverride(member('s'), 'moderator');
    const taught = withRosterEntry(
      pinned,
      entry('s', { level: 'contributor', roles: 'ContentDeveloper' }),
      'deactivate',
    );
    expect(withSetByHand(taught, before)).toMatchObject({ level: 'contributor', override: null, active: true });
    expect(withSetByHand(withoutRosterEntry(pinned, 'deactivate'), before)).toMatchObject({
      active: false,
      inactiveReason: 'departed',
    });
  });

  it('does not shut out whom a setting kept, as long as an override remains', () => {
    const kept = withoutRosterEntry(withOverride(member('s'), 'moderator'), 'keep');
    const state = setByHand(kept);
    const changed = withOverride(kept, 'manager');
    expect(withSetByHand(changed, state)).toMatchObject({ active: true, level: 'moderator' });
    expect(withSetByHand(changed, setByHand(member('s')))).toMatchObject({ active: false, inactiveReason: 'departed' });
  });
});

describe('a setting that keeps overridden people', () => {
  it('lets them go at the next roster once it has changed, or the override is taken back', () => {
    const kept = withoutRosterEntry(withOverride(member('s'), 'moderator'), 'keep');
    expect(withoutRosterEntry(kept, 'keep')).toBe(kept);
    expect(withoutRosterEntry(kept, 'deactivate')).toMatchObject({ active: false, inactiveReason: 'departed' });
    expect(withoutOverride(kept)).toMatchObject({ active: false, inactiveReason: 'departed' });
    const launchedSince = withLaunch(kept, launch('contributor'));
    expect(withoutRosterEntry(launchedSince, 'deactivate').active).toBe(true);
    expect(withoutOverride(launchedSince)).toMatchObject({ active: true, level: 'contributor' });
  });
});

describe('somebody whom the roster calls Inactive', () => {
  const suspended = (of: Membership) => withRosterEntry(of, entry('s', { inactive: true }), 'deactivate');

  it('is not let in by taking back what had covered it', () => {
    const kept = suspended(addedByHand(member('s'), 'contributor'));
    expect(kept).toMatchObject({ active: true, rosterInactive: true });
    expect(withoutOverride(kept)).toMatchObject({ active: false, inactiveReason: 'inactive-in-lms' });
    const shutOut = deactivatedByHand(member('s'));
    expect(withSetByHand(suspended(shutOut), setByHand(member('s')))).toMatchObject({
      inactiveReason: 'inactive-in-lms',
    });
  });

  it('is a member by hand once a person lets them in, so that the next roster does not undo it', () => {
    const letIn = reactivatedByHand(suspended(deactivatedByHand(member('s'))));
    expect(letIn).toMatchObject({ active: true, addedBy: 'hand' });
    expect(suspended(letIn).active).toBe(true);
  });

  it('is in again at a launch, and at the next roster that does not say so', () => {
    expect(withLaunch(suspended(member('s')), launch('member'))).toMatchObject({ active: true, rosterInactive: false });
    expect(withRosterEntry(suspended(member('s')), entry('s'), 'deactivate').active).toBe(true);
  });
});
