import { describe, expect, it } from 'vitest';
import { readState } from '../../src/channels/activity.ts';
import type { ChannelId, PlatformId, UserId } from '../../src/channels/channel.ts';
import { changeOwner } from '../../src/channels/channel-owner.ts';
import { deleteChannel, restoreChannel } from '../../src/channels/delete-channel.ts';
import { createManageMembers, standingToken } from '../../src/channels/manage-members.ts';
import { PERMISSION_LEVELS } from '../../src/channels/permission-level.ts';
import { atOnce } from '../storage/support/builders.ts';
import { ACTOR, courseIn, type Listed, useCourse } from './support.ts';

const TEACHERS: Listed[] = [
  { subject: 'ann', level: 'manager' },
  { subject: 'bob', level: 'manager' },
];
const CLASS: Listed[] = [...TEACHERS, { subject: 'eve' }, { subject: 'kim' }];

function many(count: number): Listed[] {
  return Array.from({ length: count }, (_, i) => ({ subject: `student-${i}` }));
}

describe('changes by hand', () => {
  const course = useCourse();

  it('are noted once each, with who, what and from what to what', async () => {
    await course().sync(CLASS);
    const changed = await course().change('eve', { level: 'moderator' });
    expect(changed).toMatchObject({ ok: true, value: { result: 'changed', membership: { level: 'moderator' } } });
    const [event, ...others] = await course().events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ action: 'member.level', actor: ACTOR, subjectUserId: await course().userOf('eve') });
    expect(changed.ok && changed.value.activityId).toBe(event?.id);
    expect([readState(event?.from ?? null), readState(event?.to ?? null)]).toMatchObject([
      { override: null, level: 'member' },
      { override: 'moderator', level: 'moderator' },
    ]);
  });

  it('write nothing and note nothing the second time', async () => {
    await course().sync(CLASS);
    await course().change('eve', { level: 'moderator' });
    const before = await course().member('eve');
    expect(await course().change('eve', { level: 'moderator' })).toMatchObject({
      value: { result: 'unchanged', activityId: null },
    });
    expect(await course().member('eve')).toEqual(before);
    expect(await course().events()).toHaveLength(1);
  });

  it('that are refused write nothing and note nothing', async () => {
    await course().sync([{ subject: 'ann', level: 'manager' }, { subject: 'eve' }]);
    expect(await course().change('ann', { level: 'member' })).toEqual({ ok: false, reason: 'last-manager' });
    expect(await course().change('ann', { status: 'inactive' })).toEqual({ ok: false, reason: 'last-manager' });
    expect(await course().change('nobody', { level: 'member' })).toEqual({ ok: false, reason: 'no-such-member' });
    expect(await course().change('eve', { remove: 'added' })).toEqual({ ok: false, reason: 'on-roster' });
    expect((await course().member('ann')).version).toBe(1);
    expect(await course().events()).toEqual([]);
  });

  it('enter people of the platform, and people the LMS names whom nobody knew, but nobody of another platform', async () => {
    const stranger = await course().storage.memberships.upsertUser({
      platformId: 'other' as PlatformId,
      subject: 'x',
      person: { name: 'X', email: null },
      at: 1,
    });
    const entry = { level: 'member', updateMethod: 'manual' } as const;
    expect(await course().enter('-', entry, { who: { userId: stranger.id } })).toMatchObject({
      reason: 'no-such-person',
    });
    expect(await course().enter('-', entry, { who: { userId: 'none' as UserId } })).toMatchObject({
      reason: 'no-such-person',
    });
    const who = { subject: 'new', person: { name: 'New', email: null } };
    expect(await course().enter('-', entry, { who })).toMatchObject({
      value: { result: 'added', membership: { subject: 'new', person: { name: 'New' }, updateMethod: 'manual' } },
    });
    expect(await course().enter('-', entry, { who })).toMatchObject({ value: { result: 'unchanged' } });
  });

  it('are not made in a deleted channel, and are possible again in a restored one', async () => {
    await course().sync(CLASS);
    const ask = { channelId: course().channelId, actor: ACTOR };
    await deleteChannel(course().deps, ask);
    expect(await course().change('eve', { level: 'moderator' })).toEqual({ ok: false, reason: 'no-such-channel' });
    expect(await course().enter('new', { level: 'member', updateMethod: 'manual' })).toMatchObject({
      reason: 'no-such-channel',
    });
    await restoreChannel(course().deps, ask);
    expect(await course().change('eve', { level: 'moderator' })).toMatchObject({ ok: true });
  });
});

describe("the LMS's test student", () => {
  const course = useCourse();

  it('of another course is not entered, not found and made no owner', async () => {
    const other = await courseIn(course().storage, '2');
    await other.launch('tess', 'member', { testStudent: true });
    await course().sync([{ subject: 'ann', level: 'manager' }]);
    const entered = await course().enter('tess', { level: 'manager', updateMethod: 'manual' });
    expect(entered).toEqual({ ok: false, reason: 'test-student' });
    const ownerId = await course().userOf('tess');
    const ask = { channelId: course().channelId, actor: ACTOR };
    expect(await changeOwner(course().deps, { ...ask, ownerId })).toEqual({ ok: false, reason: 'test-student' });
    expect(await course().find('tess')).toBeNull();
    expect((await course().change('ann', { level: 'member' })).ok).toBe(false);
    expect(await course().events()).toEqual([]);
  });
});

describe('a person whose name was told later', () => {
  const course = useCourse();

  it('has it here once they are entered again, which is no decision of anybody', async () => {
    const entry = { level: 'member', updateMethod: 'manual' } as const;
    const who = { subject: 'bot', person: { name: null, email: null } };
    await course().enter('-', entry, { who });
    const told = { subject: 'bot', person: { name: 'Bot', email: 'b@example.edu' } };
    expect(await course().enter('-', entry, { who: told, override: false })).toMatchObject({
      value: { result: 'unchanged', activityId: null, membership: { person: told.person } },
    });
    expect((await course().member('bot')).person).toEqual(told.person);
    expect(await course().events()).toHaveLength(1);
  });
});

describe('two people at once', () => {
  const course = useCourse();

  it('leave one manager, though a process stood still until others had its lease', async () => {
    await course().sync(CLASS);
    const { deps, channelId } = course();
    const ask = { channelId, change: { level: 'member' }, override: true, seen: null, actor: ACTOR } as const;
    let skew = 0;
    const clock = () => deps.clock() + skew;
    const bob = await course().userOf('bob');
    const memberships = {
      ...deps.memberships,
      // It has counted two managers, and stands still.
      async countMembers(id: ChannelId) {
        const counted = await deps.memberships.countMembers(id);
        skew = 6_000;
        const quick = await createManageMembers({ ...deps, clock }).change({ ...ask, userId: bob });
        expect(quick).toMatchObject({ ok: true });
        return counted;
      },
    };
    const stalled = createManageMembers({ ...deps, clock, memberships });
    const late = await stalled.change({ ...ask, userId: await course().userOf('ann') });
    expect(late).toEqual({ ok: false, reason: 'last-manager' });
    expect((await deps.memberships.countMembers(channelId)).active.manager).toBe(1);
    expect(await course().events()).toHaveLength(1);
  });

  it('who demote each other: exactly one of them succeeds', async () => {
    await course().sync(CLASS);
    const both = await Promise.all([
      course().change('ann', { level: 'member' }),
      course().change('bob', { level: 'member' }),
    ]);
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    expect(both.filter((one) => !one.ok && one.reason === 'last-manager')).toHaveLength(1);
    const { active } = await course().storage.memberships.countMembers(course().channelId);
    expect(active.manager).toBe(1);
  });

  it('who take access from all managers in every way at once: one manager remains', async () => {
    await course().sync([...many(6).map(({ subject }) => ({ subject, level: 'manager' as const })), ...TEACHERS]);
    const ways = [{ level: 'member' }, { status: 'inactive' }, { remove: 'any' }] as const;
    const everybody = [...many(6), ...TEACHERS].map(({ subject }) => subject);
    await atOnce(24, (i) =>
      course().change(everybody[i % everybody.length] ?? '', ways[i % ways.length] ?? { level: 'member' }),
    );
    const { active } = await course().storage.memberships.countMembers(course().channelId);
    expect(active.manager).toBe(1);
  });

  it('are told of each other: what somebody saw before another changed it is refused', async () => {
    await course().sync(CLASS);
    const seen = await course().member('eve');
    const standing = { seen: { standing: standingToken(seen) } };
    const version = { seen: { version: seen.version } };
    expect(await course().change('eve', { level: 'moderator' }, standing)).toMatchObject({ ok: true });
    for (const told of [standing, version]) {
      expect(await course().change('eve', { level: 'contributor' }, told)).toEqual({
        ok: false,
        reason: 'changed-meanwhile',
      });
      expect(await course().enter('eve', { level: 'member', updateMethod: 'manual' }, told)).toMatchObject({
        reason: 'changed-meanwhile',
      });
    }
    expect((await course().member('eve')).level).toBe('moderator');
  });

  it('a launch in between counts for the version, and not for what a person saw', async () => {
    await course().sync(CLASS);
    const seen = await course().member('eve');
    await course().launch('eve', 'member');
    expect(await course().change('eve', { level: 'moderator' }, { seen: { version: seen.version } })).toMatchObject({
      reason: 'changed-meanwhile',
    });
    const standing = standingToken(seen);
    expect(await course().change('eve', { level: 'moderator' }, { seen: { standing } })).toMatchObject({ ok: true });
  });

  it('who enter the same person once: version 0 and an empty standing mean nobody', async () => {
    const entry = { level: 'member', updateMethod: 'manual' } as const;
    const entered = await Promise.all([
      course().enter('new', entry, { seen: { version: 0 } }),
      course().enter('new', { ...entry, level: 'manager' }, { seen: { standing: '' } }),
    ]);
    expect(entered.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await course().events()).toHaveLength(1);
  });

  it('twenty at once on one member: all stand in the activity, each beginning where another ended', async () => {
    await course().sync(CLASS);
    const levels = Array.from({ length: 20 }, (_, i) => PERMISSION_LEVELS[i % 4] ?? 'member');
    const done = await atOnce(20, (i) => course().change('eve', { level: levels[i] ?? 'member' }));
    const changed = done.filter((one) => one.ok && one.value.result === 'changed');
    const events = await course().events();
    expect(events.map(({ id }) => id).sort()).toEqual(
      changed.map((one) => (one.ok ? one.value.activityId : null)).sort(),
    );
    for (const [i, event] of events.slice(1).entries()) expect(event.from).toBe(events[i]?.to);
    expect(readState(events.at(-1)?.to ?? null)).toMatchObject({ override: (await course().member('eve')).override });
    expect((await course().member('eve')).version).toBe(1 + events.length);
  });
});

describe('a change by hand while a sync runs', () => {
  const course = useCourse();
  // More than two slices, so that a change can come before, in and behind the slice of its member.
  const LARGE = [...TEACHERS, ...many(450)];
  const promoted = LARGE.map((one) => (one.level ? one : { ...one, level: 'contributor' as const }));
  const moments = ['fetching', 'comparing', 'applying 0', 'applying 1', 'applying 2'] as const;

  function at(moment: (typeof moments)[number], act: () => Promise<unknown>) {
    const [name, slice] = moment.split(' ');
    return { [name as string]: async (number?: number) => (slice === undefined || Number(slice) === number) && act() };
  }

  it.each(moments)('is never lost, made while %s', async (moment) => {
    await course().sync(LARGE);
    const edited = ['student-0', 'student-199', 'student-200', 'student-449'];
    await course().sync(
      promoted,
      at(moment, async () => {
        for (const subject of edited) await course().change(subject, { level: 'moderator' });
        await course().change('student-50', { status: 'inactive' });
      }),
    );
    for (const subject of edited) {
      expect(await course().member(subject)).toMatchObject({ level: 'moderator', rosterLevel: 'contributor' });
    }
    expect(await course().member('student-50')).toMatchObject({ active: false, inactiveReason: 'by-hand' });
    expect(await course().member('student-51')).toMatchObject({ level: 'contributor', updateMethod: 'automatic' });
  });

  it.each(moments)(
    'keeps who is added, let in or removed by hand while %s, whatever that roster says',
    async (moment) => {
      await course().sync(LARGE);
      await course().enter('leaver', { level: 'contributor', updateMethod: 'manual' });
      const dropped = ['student-10', 'student-440'];
      await course().sync(
        promoted.filter(({ subject }) => !dropped.includes(subject)),
        at(moment, async () => {
          await course().enter('guest', { level: 'contributor', updateMethod: 'manual' });
          await course().enter('program', { level: 'moderator', updateMethod: 'automatic' });
          await course().change('leaver', { remove: 'added' });
          await course().change('student-10', { status: 'active' });
        }),
      );
      expect(await course().member('guest')).toMatchObject({ active: true, level: 'contributor', addedBy: 'hand' });
      expect(await course().member('program')).toMatchObject({ active: true, level: 'moderator', addedBy: 'api' });
      expect(await course().find('leaver')).toBeNull();
      expect(await course().member('student-440')).toMatchObject({ active: false, inactiveReason: 'departed' });
      // Letting somebody in says something only once the roster has dropped them.
      const hadDropped = moment === 'applying 1' || moment === 'applying 2';
      expect((await course().member('student-10')).active).toBe(hadDropped);
    },
  );

  it.each(moments)('leaves a manager, when people demote the others while %s', async (moment) => {
    await course().sync(LARGE);
    const withoutBob = promoted.filter(({ subject }) => subject !== 'bob');
    const run = await course().sync(
      withoutBob,
      at(moment, () => course().change('ann', { level: 'member' })),
    );
    const { active } = await course().storage.memberships.countMembers(course().channelId);
    expect(active.manager).toBe(1);
    expect((await course().member('student-0')).level).toBe(run.state === 'held' ? 'member' : 'contributor');
    const next = await course().sync(withoutBob);
    expect(next).toMatchObject({ state: 'held', reason: 'no-manager-left' });
    await course().applyHeld(next);
    expect((await course().member('bob')).active).toBe(false);
  });

  it('lets one teacher follow another, whichever line of the roster comes first', async () => {
    await course().sync([{ subject: 'ann', level: 'manager' }, { subject: 'eve' }]);
    await course().sync([{ subject: 'bob', level: 'manager' }, { subject: 'eve' }]);
    expect((await course().member('ann')).active).toBe(false);
    expect(await course().member('bob')).toMatchObject({ active: true, level: 'manager' });
  });

  it.each([1, 2])('takes a manager away as the roster says, also when it broke off before slice %i', async (slice) => {
    await course().sync(LARGE);
    const breakOff = () => Promise.reject(new Error('the process was killed'));
    const withoutBob = promoted.filter(({ subject }) => subject !== 'bob');
    await expect(course().sync(withoutBob, at(`applying ${slice}` as 'applying 1', breakOff))).rejects.toThrow(
      'killed',
    );
    expect((await course().member('bob')).active).toBe(true);
    expect(await course().resume()).toMatchObject({ state: 'applied' });
    expect(await course().member('bob')).toMatchObject({ active: false, inactiveReason: 'departed' });
    expect(await course().member('student-449')).toMatchObject({ level: 'contributor' });
  });

  it('keeps a channel deleted that is deleted while its sync runs, and restores it with its people', async () => {
    await course().sync(LARGE);
    const ask = { channelId: course().channelId, actor: ACTOR };
    await course().sync(
      promoted,
      at('applying 1', () => deleteChannel(course().deps, ask)),
    );
    expect((await course().current()).deletedAt).not.toBeNull();
    await restoreChannel(course().deps, ask);
    await course().sync(promoted);
    expect(await course().storage.memberships.countMembers(course().channelId)).toMatchObject({ total: LARGE.length });
    expect((await course().member('student-449')).level).toBe('contributor');
  });
});
