import { describe, expect, it } from 'vitest';
import { changeChannel } from '../../src/channels/change-channel.ts';
import { changeMany } from '../../src/channels/change-many.ts';
import type { ChannelId } from '../../src/channels/channel.ts';
import { changeOwner } from '../../src/channels/channel-owner.ts';
import type { MemberChange } from '../../src/channels/member-changes.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { setByHand } from '../../src/channels/set-by-hand.ts';
import { undoActivity } from '../../src/channels/undo-activity.ts';
import { courseIn, type Listed, useCourse } from './support.ts';

const CLASS: Listed[] = [{ subject: 'ann', level: 'manager' }, { subject: 'eve' }, { subject: 'kim' }];
const WITHOUT_EVE = CLASS.filter(({ subject }) => subject !== 'eve');
const UNDOER = 'user:undoer';

const course = useCourse();

async function lastEvent(): Promise<string> {
  return (await course().events()).at(-1)?.id ?? '';
}

async function undo(activityId: string, channelId: ChannelId = course().channelId) {
  return undoActivity(course().deps, { channelId, activityId, actor: UNDOER });
}

/** A membership without what counts and dates its writing. */
function state(member: Membership | null) {
  if (member === null) return null;
  const { version: _version, updatedAt: _updatedAt, createdAt: _createdAt, ...rest } = member;
  return rest;
}

const CHANGES: Record<string, MemberChange> = {
  'a level': { level: 'moderator' },
  'a deactivation': { status: 'inactive' },
  'a reactivation': { status: 'active' },
  'a return to automatic': { updateMethod: 'automatic' },
  'a pinned level': { updateMethod: 'manual' },
};

/** How eve came to be what she is before the change. */
const BEFORE: Record<string, () => Promise<unknown>> = {
  'by the roster': async () => undefined,
  overridden: () => course().change('eve', { level: 'contributor' }),
  departed: () => course().sync(WITHOUT_EVE),
  'inactive in the LMS': () => course().sync([...WITHOUT_EVE, { subject: 'eve', inactive: true }]),
  'shut out': () => course().change('eve', { status: 'inactive' }),
  'let in against the roster': async () => {
    await course().sync(WITHOUT_EVE);
    await course().change('eve', { status: 'active' });
  },
  'known by a launch since she left': async () => {
    await course().sync(WITHOUT_EVE);
    await course().launch('eve', 'contributor');
  },
};

describe('undoing a change of one member', () => {
  it.each(Object.keys(BEFORE))('restores exactly what was, for somebody %s', async (kind) => {
    for (const [name, change] of Object.entries(CHANGES)) {
      await course().sync(CLASS);
      await course().change('eve', { status: 'active' });
      await course().change('eve', { updateMethod: 'automatic' });
      await BEFORE[kind]?.();
      const before = await course().member('eve');
      const changed = await course().change('eve', change);
      if (!changed.ok || changed.value.activityId === null) continue;
      expect(await undo(changed.value.activityId), name).toMatchObject({ ok: true, value: { undone: 1, refused: 0 } });
      expect(state(await course().member('eve')), name).toEqual(state(before));
      const [last] = (await course().events()).slice(-1);
      expect(last).toMatchObject({ action: 'member.undo', actor: UNDOER });
    }
  });

  it('can be undone itself, and that again', async () => {
    await course().sync(CLASS);
    await course().change('eve', { level: 'moderator' });
    for (const level of ['member', 'moderator', 'member', 'moderator']) {
      expect(await undo(await lastEvent())).toMatchObject({ ok: true });
      expect((await course().member('eve')).level).toBe(level);
    }
  });

  it('takes an added person out again, and brings a removed one back as they were', async () => {
    await course().sync(CLASS);
    await course().enter('guest', { level: 'contributor', updateMethod: 'manual' });
    const added = await course().member('guest');
    await undo(await lastEvent());
    expect(await course().find('guest')).toBeNull();
    await undo(await lastEvent());
    expect(state(await course().member('guest'))).toEqual(state(added));
    await course().change('guest', { remove: 'added' });
    await undo(await lastEvent());
    expect(state(await course().member('guest'))).toEqual(state(added));
  });

  it('gives back the level a program had given', async () => {
    await course().sync(CLASS);
    await course().enter('bot', { level: 'contributor', updateMethod: 'automatic' });
    const before = await course().member('bot');
    await course().enter('bot', { level: 'manager', updateMethod: 'automatic' });
    await undo(await lastEvent());
    expect(state(await course().member('bot'))).toEqual(state(before));
    await course().change('bot', { remove: 'added' });
    await undo(await lastEvent());
    expect(state(await course().member('bot'))).toEqual(state(before));
  });

  it('leaves what the roster and launches said meanwhile', async () => {
    await course().sync(CLASS);
    await course().change('eve', { level: 'moderator' });
    const changed = await lastEvent();
    await course().launch('eve', 'member');
    await course().sync([...WITHOUT_EVE, { subject: 'eve', level: 'contributor' }]);
    expect(await undo(changed)).toMatchObject({ ok: true });
    expect(await course().member('eve')).toMatchObject({
      level: 'contributor',
      updateMethod: 'automatic',
      active: true,
    });
    expect((await course().member('eve')).launchAt).not.toBeNull();
  });

  it.each(Object.keys(CHANGES))('never lets somebody in whom the roster dropped since %s', async (name) => {
    await course().sync(CLASS);
    if (name === 'a reactivation') await course().change('eve', { status: 'inactive' });
    if (name === 'a return to automatic') await course().change('eve', { level: 'contributor' });
    const changed = await course().change('eve', CHANGES[name] ?? { level: 'member' });
    const id = changed.ok ? changed.value.activityId : null;
    expect(id).not.toBeNull();
    await course().sync(WITHOUT_EVE);
    await undo(id ?? '');
    expect((await course().member('eve')).active).toBe(false);
    await course().sync(CLASS);
    expect((await course().member('eve')).active).toBe(name !== 'a reactivation');
  });

  it('does not let somebody back in by undoing their removal, whom a roster dropped meanwhile', async () => {
    await course().sync(CLASS);
    await course().change('eve', { remove: 'any' });
    const removed = await lastEvent();
    await course().sync(WITHOUT_EVE);
    await undo(removed);
    expect(await course().member('eve')).toMatchObject({ active: false, inactiveReason: 'departed' });
    await course().sync(CLASS);
    expect(await course().member('eve')).toMatchObject({ active: true, level: 'member', updateMethod: 'automatic' });
  });

  it('does not shut out whom the roster has listed since they were let in', async () => {
    await course().sync(CLASS);
    await course().sync(WITHOUT_EVE);
    await course().change('eve', { status: 'active' });
    const letIn = await lastEvent();
    await course().sync(CLASS);
    await undo(letIn);
    expect(await course().member('eve')).toMatchObject({ active: true, updateMethod: 'automatic' });
    await course().sync(WITHOUT_EVE);
    expect((await course().member('eve')).active).toBe(false);
  });

  it('leaves in the course whom the roster or a launch brought since they were added', async () => {
    await course().sync(CLASS);
    for (const subject of ['guest', 'staff']) {
      await course().enter(subject, { level: 'manager', updateMethod: 'manual' });
    }
    const [forGuest, forStaff] = (await course().events()).map(({ id }) => id);
    await course().sync([...CLASS, { subject: 'guest' }]);
    await course().launch('staff', 'contributor');
    await undo(forGuest ?? '');
    await undo(forStaff ?? '');
    expect(await course().member('guest')).toMatchObject({ level: 'member', updateMethod: 'automatic', active: true });
    expect(await course().member('staff')).toMatchObject({
      level: 'contributor',
      updateMethod: 'automatic',
      active: true,
    });
  });

  it('does nothing where a person has changed the same since', async () => {
    await course().sync(CLASS);
    await course().change('eve', { level: 'moderator' });
    const first = await lastEvent();
    await course().change('eve', { level: 'contributor' });
    expect(await undo(first)).toEqual({ ok: false, reason: 'changed-since' });
    expect((await course().member('eve')).level).toBe('contributor');
    await course().change('eve', { remove: 'any' });
    expect(await undo(first)).toEqual({ ok: false, reason: 'changed-since' });
  });

  it('twice at once is done once', async () => {
    await course().sync(CLASS);
    await course().change('eve', { level: 'moderator' });
    const id = await lastEvent();
    const both = await Promise.all([undo(id), undo(id)]);
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await course().member('eve')).override).toBeNull();
  });

  it('leaves the last manager and the owner managers', async () => {
    await course().sync([{ subject: 'ann', level: 'manager' }, { subject: 'eve' }]);
    await course().change('eve', { level: 'manager' });
    const promoted = await lastEvent();
    await course().change('ann', { level: 'member' });
    expect(await undo(promoted)).toEqual({ ok: false, reason: 'last-manager' });
    await undo(await lastEvent());
    const ownerId = await course().userOf('eve');
    await changeOwner(course().deps, { channelId: course().channelId, ownerId, actor: UNDOER });
    const entered = (await course().events()).find(({ action }) => action === 'member.owner');
    expect(await undo(entered?.id ?? '')).toEqual({ ok: false, reason: 'is-owner' });
    expect(await course().member('eve')).toMatchObject({ active: true, level: 'manager' });
  });

  it('is not possible from another channel, nor of what is no change', async () => {
    await course().sync(CLASS);
    await course().change('eve', { level: 'moderator' });
    const other = await courseIn(course().storage, '2');
    const id = await lastEvent();
    expect(await undo(id, other.channelId)).toEqual({ ok: false, reason: 'no-such-activity' });
    expect(await undo('nothing')).toEqual({ ok: false, reason: 'no-such-activity' });
    expect((await course().member('eve')).level).toBe('moderator');
  });
});

describe('undoing a change of many members', () => {
  it('undoes all of it, and leaves those whom a person has changed since', async () => {
    const listed = Array.from({ length: 120 }, (_, i) => ({ subject: `s${i}` }));
    await course().sync([...CLASS, ...listed]);
    const userIds = await Promise.all(listed.map(({ subject }) => course().userOf(subject)));
    const before = setByHand(await course().member('s5'));
    const { channelId, deps } = course();
    const change = { level: 'contributor' } as const;
    const done = await changeMany(deps, { channelId, selection: { userIds }, change, actor: UNDOER });
    expect(done).toMatchObject({ ok: true, value: { changed: 120, unchanged: 0, refused: {} } });
    await course().change('s7', { level: 'moderator' });
    const [anyOfThem] = (await course().events()).filter(({ batch }) => batch !== null);
    expect(await undo(anyOfThem?.id ?? '')).toMatchObject({ ok: true, value: { undone: 119, refused: 1 } });
    expect(setByHand(await course().member('s5'))).toEqual(before);
    expect((await course().member('s7')).level).toBe('moderator');
    const redo = await lastEvent();
    expect(await undo(redo)).toMatchObject({ ok: true, value: { undone: 119, refused: 0 } });
    expect((await course().member('s5')).level).toBe('contributor');
  });
});

describe('undoing a change of the channel', () => {
  it('restores the settings that were changed, and no others', async () => {
    const { channelId, deps } = course();
    const ask = { channelId, version: null, actor: UNDOER };
    const first = await changeChannel(deps, { ...ask, change: { name: 'Plants', privacy: 'open', tags: ['a', 'b'] } });
    await changeChannel(deps, { ...ask, change: { description: 'On plants' } });
    expect(await undo((first.ok && first.value.activityId) || '')).toMatchObject({ ok: true, value: { undone: 1 } });
    expect(await course().current()).toMatchObject({
      givenName: null,
      privacy: 'private',
      tags: [],
      description: 'On plants',
    });
    await undo(await lastEvent());
    expect(await course().current()).toMatchObject({ givenName: 'Plants', privacy: 'open', tags: ['a', 'b'] });
  });

  it('does nothing where one of the settings was changed since, or another channel has taken the reference ID', async () => {
    const { channelId, deps } = course();
    const ask = { channelId, version: null, actor: UNDOER };
    await changeChannel(deps, { ...ask, change: { privacy: 'open', moderated: true } });
    const first = await lastEvent();
    await changeChannel(deps, { ...ask, change: { moderated: false } });
    expect(await undo(first)).toEqual({ ok: false, reason: 'changed-since' });
    await changeChannel(deps, { ...ask, change: { referenceId: 'mine' } });
    const renamed = await lastEvent();
    const other = await courseIn(course().storage, '2');
    await changeChannel(deps, { ...ask, channelId: other.channelId, change: { referenceId: '1' } });
    expect(await undo(renamed)).toEqual({ ok: false, reason: 'reference-id-taken' });
  });

  it('gives the channel back to its former owner, and makes the new one again what they were', async () => {
    await course().sync(CLASS);
    const { channelId, deps } = course();
    const [ann, eve] = [await course().userOf('ann'), await course().userOf('eve')];
    await changeOwner(deps, { channelId, ownerId: ann, actor: UNDOER });
    const before = await course().member('eve');
    await changeOwner(deps, { channelId, ownerId: eve, actor: UNDOER });
    expect(await course().member('eve')).toMatchObject({ level: 'manager', updateMethod: 'manual' });
    const passed = await lastEvent();
    expect(await undo(passed)).toMatchObject({ ok: true, value: { undone: 1, refused: 0 } });
    expect((await course().current()).ownerId).toBe(ann);
    expect(state(await course().member('eve'))).toEqual(state(before));
    expect(await undo(passed)).toMatchObject({ ok: true, value: { undone: 0 } });
  });

  it('is undone in turn, and brings back the owner who went, unless somebody decided about them since', async () => {
    await course().sync(CLASS);
    const { channelId, deps } = course();
    const [ann, eve] = [await course().userOf('ann'), await course().userOf('eve')];
    const lastChange = async () => (await course().events()).filter(({ action }) => action === 'channel.owner').at(-1);
    const takeBack = async () =>
      undoActivity(deps, { channelId, activityId: (await lastChange())?.id ?? '', actor: UNDOER });
    await changeOwner(deps, { channelId, ownerId: ann, actor: UNDOER });
    await changeOwner(deps, { channelId, ownerId: eve, actor: UNDOER });
    for (const ownerId of [ann, eve, ann]) {
      expect(await takeBack()).toMatchObject({ ok: true, value: { undone: 1, refused: 0 } });
      expect((await course().current()).ownerId).toBe(ownerId);
      expect(await course().member('eve')).toMatchObject({ level: ownerId === eve ? 'manager' : 'member' });
    }
    await course().change('eve', { status: 'inactive' });
    expect(await takeBack()).toEqual({ ok: false, reason: 'changed-since' });
    expect((await course().current()).ownerId).toBe(ann);
  });

  it('does not bring an owner back whom a person has shut out or demoted since', async () => {
    await course().sync(CLASS);
    const { channelId, deps } = course();
    await changeOwner(deps, { channelId, ownerId: await course().userOf('eve'), actor: UNDOER });
    await changeOwner(deps, { channelId, ownerId: await course().userOf('ann'), actor: UNDOER });
    const passed = await lastEvent();
    await course().change('eve', { status: 'inactive' });
    expect(await undo(passed)).toEqual({ ok: false, reason: 'changed-since' });
    expect((await course().member('eve')).active).toBe(false);
  });
});
