import { describe, expect, it } from 'vitest';
import { type ChannelChange, changeChannel } from '../../src/channels/change-channel.ts';
import { changeOwner } from '../../src/channels/channel-owner.ts';
import { deleteChannel } from '../../src/channels/delete-channel.ts';
import { atOnce } from '../storage/support/builders.ts';
import { ACTOR, courseIn, useCourse } from './support.ts';

const course = useCourse();

function change(what: ChannelChange, version: number | null = null) {
  return changeChannel(course().deps, { channelId: course().channelId, change: what, version, actor: ACTOR });
}

describe('changing the settings of a channel', () => {
  it('changes what is given, leaves the rest, and notes only what changed', async () => {
    const before = await course().current();
    const sync = { automatic: false, departedOverrides: 'keep', askBeforeRemovals: true } as const;
    const given = { name: 'Plants', tags: ['a', 'b', 'a'], privacy: 'open', moderated: true, sync } as const;
    const changed = await change({
      ...given,
      tags: [...given.tags],
      description: undefined,
      contributionPolicy: 'contributors',
    });
    expect(changed).toMatchObject({ ok: true, value: { channel: { givenName: 'Plants', tags: ['a', 'b'], sync } } });
    const { givenName, tags, privacy, moderated, sync: _sync, version, updatedAt, ...rest } = await course().current();
    expect({ givenName, tags, privacy, moderated, version }).toEqual({
      givenName: 'Plants',
      tags: ['a', 'b'],
      privacy: 'open',
      moderated: true,
      version: before.version + 1,
    });
    expect(before).toMatchObject(rest);
    const [event, ...more] = await course().events();
    expect(more).toEqual([]);
    expect(updatedAt).toBeGreaterThan(before.updatedAt);
    expect(Object.keys(JSON.parse(event?.to ?? '')).sort()).toEqual([
      'givenName',
      'moderated',
      'privacy',
      'sync',
      'tags',
    ]);
    expect(JSON.parse(event?.from ?? '')).toMatchObject({
      givenName: null,
      privacy: 'private',
      moderated: false,
      tags: [],
    });
  });

  it('that changes nothing writes and notes nothing', async () => {
    await change({ name: 'Plants' });
    const { version } = await course().current();
    expect(await change({ name: 'Plants', privacy: 'private' })).toMatchObject({
      ok: true,
      value: { activityId: null },
    });
    expect((await course().current()).version).toBe(version);
    expect(await course().events()).toHaveLength(1);
  });

  it('returns to the title of the LMS', async () => {
    await change({ name: 'Plants' });
    await change({ name: null });
    expect(await course().current()).toMatchObject({ givenName: null, title: 'Botany 101' });
  });

  it('tells whoever saw an older version, and does nothing', async () => {
    const { version } = await course().current();
    expect(await change({ name: 'Mine' }, version)).toMatchObject({ ok: true });
    expect(await change({ name: 'Theirs' }, version)).toEqual({ ok: false, reason: 'changed-meanwhile' });
    expect((await course().current()).givenName).toBe('Mine');
  });

  it('loses none of several at once that touch different settings', async () => {
    const done = await Promise.all([
      change({ name: 'Plants' }),
      change({ privacy: 'restricted' }),
      change({ moderated: true }),
      course().launch('ann', 'manager'),
    ]);
    expect(done.every(({ ok }) => ok)).toBe(true);
    expect(await course().current()).toMatchObject({ givenName: 'Plants', privacy: 'restricted', moderated: true });
    expect(await course().events()).toHaveLength(3);
  });

  it('lets one of many who saw the same version win', async () => {
    const { version } = await course().current();
    const done = await atOnce(8, (i) => change({ description: `by ${i}` }, version));
    expect(done.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await course().events()).toHaveLength(1);
  });

  it('takes no reference ID that another channel of the platform has, a deleted one included', async () => {
    const other = await courseIn(course().storage, '2');
    expect(await change({ referenceId: '2' })).toEqual({ ok: false, reason: 'reference-id-taken' });
    await deleteChannel(course().deps, { channelId: other.channelId, actor: ACTOR });
    expect(await change({ referenceId: '2' })).toEqual({ ok: false, reason: 'reference-id-taken' });
    expect(await change({ referenceId: 'free' })).toMatchObject({ ok: true });
    expect(await change({ referenceId: null })).toMatchObject({ ok: true, value: { channel: { referenceId: null } } });
  });

  it('is not possible in a deleted channel', async () => {
    await deleteChannel(course().deps, { channelId: course().channelId, actor: ACTOR });
    expect(await change({ name: 'Late' })).toEqual({ ok: false, reason: 'no-such-channel' });
  });
});

describe('what changes a channel', () => {
  it('is never written without the event that tells of it', async () => {
    const { deps, channelId } = course();
    await course().sync([{ subject: 'ann', level: 'manager' }]);
    const before = await course().current();
    const broken = {
      ...deps,
      random: (): never => {
        throw new Error('The process was killed');
      },
    };
    const ask = { channelId, actor: ACTOR };
    await expect(changeChannel(broken, { ...ask, change: { privacy: 'open' }, version: null })).rejects.toThrow();
    await expect(deleteChannel(broken, ask)).rejects.toThrow();
    expect(await course().current()).toEqual(before);
    expect(await course().events()).toEqual([]);
  });

  it('changes one setting of the sync and leaves the others', async () => {
    await change({ sync: { askBeforeRemovals: true } });
    await change({ sync: { automatic: false, departedOverrides: undefined } });
    const { sync } = await course().current();
    expect(sync).toEqual({ automatic: false, departedOverrides: null, askBeforeRemovals: true });
  });

  it('takes settings and owner in one write, or neither', async () => {
    await course().sync([{ subject: 'ann', level: 'manager' }, { subject: 'eve' }]);
    const { deps, channelId } = course();
    const other = await courseIn(course().storage, '2');
    const taken = (await other.current()).referenceId;
    const before = await course().current();
    const ask = { channelId, ownerId: await course().userOf('eve'), actor: ACTOR };
    const refused = await changeOwner(deps, { ...ask, settings: { change: { referenceId: taken }, version: null } });
    expect(refused).toEqual({ ok: false, reason: 'reference-id-taken' });
    const late = { change: { moderated: true }, version: before.version + 1 };
    expect(await changeOwner(deps, { ...ask, settings: late })).toEqual({ ok: false, reason: 'changed-meanwhile' });
    expect([await course().current(), await course().events()]).toEqual([before, []]);
    const settings = { change: { moderated: true }, version: before.version };
    expect(await changeOwner(deps, { ...ask, settings })).toMatchObject({ ok: true });
    const after = await course().current();
    expect(after).toMatchObject({ ownerId: ask.ownerId, moderated: true, version: before.version + 1 });
    const actions = (await course().events()).map(({ action }) => action).toSorted();
    expect(actions).toEqual(['channel.change', 'channel.owner', 'member.owner']);
  });
});
