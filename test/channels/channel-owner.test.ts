import { describe, expect, it } from 'vitest';
import { changeChannel } from '../../src/channels/change-channel.ts';
import type { PlatformId, UserId } from '../../src/channels/channel.ts';
import { changeOwner } from '../../src/channels/channel-owner.ts';
import { deleteChannel } from '../../src/channels/delete-channel.ts';
import { ACTOR, type Listed, useCourse } from './support.ts';

const CLASS: Listed[] = [
  { subject: 'ann', level: 'manager' },
  { subject: 'bob', level: 'manager' },
  { subject: 'eve' },
  { subject: 'kim' },
];

const course = useCourse();

async function makeOwner(subject: string | null, seen?: string | null) {
  const ownerId = subject === null ? null : await course().userOf(subject);
  const seenOwnerId = seen === undefined ? {} : { seenOwnerId: seen === null ? null : await course().userOf(seen) };
  return changeOwner(course().deps, { channelId: course().channelId, ownerId, ...seenOwnerId, actor: ACTOR });
}

async function ownerIs(subject: string): Promise<boolean> {
  return (await course().current()).ownerId === (await course().userOf(subject));
}

describe('the owner of a channel', () => {
  it('is a manager, also who was none, or no member at all', async () => {
    await course().sync(CLASS);
    for (const subject of ['ann', 'eve', 'stranger']) {
      expect(await makeOwner(subject)).toMatchObject({ ok: true });
      expect(await ownerIs(subject)).toBe(true);
      expect(await course().member(subject)).toMatchObject({ active: true, level: 'manager', updateMethod: 'manual' });
    }
    expect(await course().member('eve')).toMatchObject({ active: true, level: 'manager' });
  });

  it('is let in again, who had left or was shut out', async () => {
    await course().sync(CLASS);
    await course().change('eve', { status: 'inactive' });
    await course().sync(CLASS.filter(({ subject }) => subject !== 'kim'));
    for (const subject of ['eve', 'kim']) {
      await makeOwner(subject);
      expect(await course().member(subject)).toMatchObject({ active: true, level: 'manager' });
    }
  });

  it('stays a manager and active through any roster, launch and program', async () => {
    await course().sync(CLASS);
    await makeOwner('eve');
    const others = CLASS.filter(({ subject }) => subject !== 'eve');
    await course().sync([...others, { subject: 'eve', level: 'member' }]);
    await course().sync([...others, { subject: 'eve', inactive: true }]);
    await course().sync(others);
    const empty = await course().sync([]);
    expect(empty.state).toBe('held');
    await course().applyHeld(empty);
    await course().launch('eve', 'member');
    for (const updateMethod of ['automatic', 'manual'] as const) {
      for (const override of [false, true]) {
        const entered = await course().enter('eve', { level: 'member', updateMethod }, { override });
        expect(entered).toMatchObject({ reason: override ? 'is-owner' : 'kept-set-by-hand' });
      }
    }
    expect(await course().member('eve')).toMatchObject({ active: true, level: 'manager' });
  });

  it('is neither demoted, deactivated, removed nor returned to automatic before somebody else owns the channel', async () => {
    await course().sync(CLASS);
    await makeOwner('ann');
    const losses = [
      { level: 'member' },
      { status: 'inactive' },
      { updateMethod: 'automatic' },
      { remove: 'any' },
    ] as const;
    for (const loss of losses) expect(await course().change('ann', loss)).toMatchObject({ reason: 'is-owner' });
    await makeOwner('bob');
    expect(await course().member('ann')).toMatchObject({ active: true, level: 'manager' });
    expect(await course().change('ann', { updateMethod: 'automatic' })).toMatchObject({ ok: true });
    expect(await course().change('ann', { status: 'inactive' })).toMatchObject({ ok: true });
    expect(await course().change('bob', { level: 'member' })).toMatchObject({ reason: 'is-owner' });
  });

  it('is nobody of another platform, nobody unknown, and no test student', async () => {
    const stranger = await course().storage.memberships.upsertUser({
      platformId: 'other' as PlatformId,
      subject: 'x',
      person: { name: null, email: null },
      at: 1,
    });
    await course().launch('tester', 'member', { testStudent: true });
    const ask = { channelId: course().channelId, actor: ACTOR };
    for (const ownerId of [stranger.id, 'nobody' as UserId]) {
      expect(await changeOwner(course().deps, { ...ask, ownerId })).toEqual({ ok: false, reason: 'no-such-person' });
    }
    expect(await makeOwner('tester')).toEqual({ ok: false, reason: 'test-student' });
    expect((await course().current()).ownerId).toBeNull();
    expect(await course().events()).toEqual([]);
  });

  it('is noted once, with who it was and who it is', async () => {
    await course().sync(CLASS);
    await makeOwner('ann');
    await makeOwner('ann');
    const events = await course().events();
    expect(events.map(({ action }) => action)).toEqual(['member.owner', 'channel.owner']);
    expect(JSON.parse(events[1]?.from ?? '')).toEqual({ ownerId: null });
    expect(JSON.parse(events[1]?.to ?? '')).toMatchObject({ ownerId: await course().userOf('ann') });
  });

  it('may be nobody: then the former owner is a manager among others', async () => {
    await course().sync(CLASS);
    await makeOwner('ann');
    expect(await makeOwner(null)).toMatchObject({ ok: true, value: { channel: { ownerId: null } } });
    expect(await course().change('ann', { level: 'member' })).toMatchObject({ ok: true });
  });

  it('is passed on once, when two people do it at once, and the other is told', async () => {
    await course().sync(CLASS);
    await makeOwner('ann');
    const both = await Promise.all([makeOwner('bob', 'ann'), makeOwner('eve', 'ann')]);
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    expect(both.filter((one) => !one.ok && one.reason === 'changed-meanwhile')).toHaveLength(1);
    const loser = (await ownerIs('bob')) ? 'eve' : 'bob';
    expect(await course().member(loser)).toMatchObject({ updateMethod: 'automatic' });
  });

  it('is passed on also while settings are saved or a launch renames the channel', async () => {
    await course().sync(CLASS);
    const { channels, ...deps } = course().deps;
    let busy = true;
    const overtaken = {
      ...channels,
      async updateChannel(...asked: Parameters<typeof channels.updateChannel>) {
        const ask = { channelId: course().channelId, version: null, actor: ACTOR };
        if (busy) await changeChannel(course().deps, { ...ask, change: { description: 'Plants' } });
        busy = false;
        return channels.updateChannel(...asked);
      },
    };
    const request = { channelId: course().channelId, ownerId: await course().userOf('eve'), actor: ACTOR };
    expect(await changeOwner({ ...deps, channels: overtaken }, request)).toMatchObject({ ok: true });
    expect(await course().current()).toMatchObject({ ownerId: request.ownerId, description: 'Plants' });
  });

  it('is not changed in a deleted channel', async () => {
    await course().sync(CLASS);
    await deleteChannel(course().deps, { channelId: course().channelId, actor: ACTOR });
    expect(await makeOwner('eve')).toEqual({ ok: false, reason: 'no-such-channel' });
    expect(await course().member('eve')).toMatchObject({ level: 'member' });
  });
});
