import { describe, expect, it } from 'vitest';
import {
  changeMany,
  type ManyOutcome,
  type MemberSelection,
  MOST_AT_ONCE,
  previewMany,
  type SeenPreview,
} from '../../src/channels/change-many.ts';
import type { UserId } from '../../src/channels/channel.ts';
import { deleteChannel } from '../../src/channels/delete-channel.ts';
import type { MemberChange } from '../../src/channels/member-changes.ts';
import { ACTOR, courseIn, type Listed, useCourse } from './support.ts';

const TEACHERS: Listed[] = ['ann', 'bob', 'cat'].map((subject) => ({ subject, level: 'manager' }));
const STUDENTS: Listed[] = Array.from({ length: 130 }, (_, i) => ({ subject: `s${i}` }));

const course = useCourse();

async function selected(...subjects: string[]): Promise<MemberSelection> {
  return { userIds: await Promise.all(subjects.map((subject) => course().userOf(subject))) };
}

function preview(selection: MemberSelection, change: MemberChange) {
  return previewMany(course().deps, { channelId: course().channelId, selection, change });
}

function apply(selection: MemberSelection, change: MemberChange) {
  return changeMany(course().deps, { channelId: course().channelId, selection, change, actor: ACTOR });
}

describe('changing many members at once', () => {
  const cases: [string, MemberSelection | string[], MemberChange][] = [
    ['all students, by a filter', { filter: { level: 'member' } }, { level: 'contributor' }],
    ['everybody, managers included', { filter: {} }, { level: 'member' }],
    ['all teachers, of whom one must remain', ['ann', 'bob', 'cat'], { status: 'inactive' }],
    ['some twice, and some who are no members', ['s1', 's1', 's2', 'nobody'], { status: 'inactive' }],
    ['people on the roster, who cannot be removed', ['s1', 'guest'], { remove: 'added' }],
    ['people with and without a level by hand', ['s1', 's3', 'guest'], { updateMethod: 'automatic' }],
  ];

  it.each(cases)('of %s: does what the preview said', async (_name, whom, change) => {
    await course().sync([...TEACHERS, ...STUDENTS]);
    await course().change('s3', { level: 'moderator' });
    await course().enter('guest', { level: 'contributor', updateMethod: 'manual' });
    const noted = (await course().events()).length;
    const selection = Array.isArray(whom) ? await selected(...whom) : whom;
    const foreseen = await preview(selection, change);
    expect((await course().events()).length).toBe(noted);
    const done = await apply(selection, change);
    if (!foreseen.ok || !done.ok) throw new Error('refused');
    const counts = ({ selected, changed, unchanged, refused }: ManyOutcome) => ({
      ...{ selected, changed, unchanged, refused },
    });
    expect(counts(done.value)).toEqual(counts(foreseen.value));
    const { changed, unchanged, refused, batch } = done.value;
    expect(changed + unchanged + Object.values(refused).reduce((sum, n) => sum + n, 0)).toBe(done.value.selected);
    const events = (await course().events()).slice(noted);
    expect(events).toHaveLength(changed);
    expect(events.every((event) => event.batch === batch && event.actor === ACTOR)).toBe(true);
    const { active } = await course().storage.memberships.countMembers(course().channelId);
    expect(active.manager).toBeGreaterThan(0);
    expect(await apply(selection, change)).toMatchObject({
      value: { changed: 0 },
    });
  });

  it('says how many of each, and names some', async () => {
    await course().sync([...TEACHERS, ...STUDENTS]);
    const done = await apply({ filter: {} }, { level: 'member' });
    expect(done).toMatchObject({
      ok: true,
      value: { selected: 133, changed: 132, unchanged: 0, refused: { 'last-manager': 1 } },
    });
    if (done.ok) expect(done.value.examples).toMatchObject({ changed: { length: 5 }, refused: { length: 1 } });
  });

  it('two at once of all managers leaves one', async () => {
    await course().sync([...TEACHERS, ...STUDENTS]);
    const selection = await selected('ann', 'bob', 'cat');
    await Promise.all([apply(selection, { level: 'member' }), apply(selection, { status: 'inactive' })]);
    const { active } = await course().storage.memberships.countMembers(course().channelId);
    expect(active.manager).toBe(1);
  });

  it('reaches nobody of another channel, nothing in a deleted one, and not more than can be previewed', async () => {
    const other = await courseIn(course().storage, '2');
    await course().sync(TEACHERS);
    await other.sync([...TEACHERS, { subject: 'eve' }]);
    expect(await apply(await selected('eve'), { level: 'manager' })).toMatchObject({ value: { selected: 0 } });
    expect((await other.member('eve')).level).toBe('member');
    const crowd = { userIds: Array.from({ length: MOST_AT_ONCE + 1 }, (_, i) => `u${i}` as UserId) };
    expect(await preview(crowd, { level: 'member' })).toEqual({ ok: false, reason: 'too-many' });
    expect(await apply(crowd, { level: 'member' })).toEqual({ ok: false, reason: 'too-many' });
    await deleteChannel(course().deps, { channelId: course().channelId, actor: ACTOR });
    const gone = { ok: false, reason: 'no-such-channel' };
    expect(await preview(await selected('ann'), { level: 'member' })).toEqual(gone);
    expect(await apply(await selected('ann'), { level: 'member' })).toEqual(gone);
  });
});

describe('a change of many that was previewed', () => {
  const OUT: MemberChange = { status: 'inactive' };

  async function previewed(selection: MemberSelection, change = OUT) {
    const seen = await preview(selection, change);
    if (!seen.ok) throw new Error(seen.reason);
    return seen.value;
  }

  function confirm(selection: MemberSelection, change: MemberChange, seen: SeenPreview) {
    return changeMany(course().deps, { channelId: course().channelId, selection, change, actor: ACTOR, seen });
  }

  it('changes all whom it said, syncs and launches notwithstanding', async () => {
    await course().sync([...TEACHERS, ...STUDENTS]);
    const everyone = { filter: { level: 'member' } } as const;
    const seen = await previewed(everyone);
    await course().launch('s1', 'member');
    await course().sync([...TEACHERS, ...STUDENTS]);
    expect(await confirm(everyone, OUT, seen)).toMatchObject({ value: { changed: STUDENTS.length, refused: {} } });
  });

  it('leaves out who came since, though the filter finds them', async () => {
    await course().sync([...TEACHERS, { subject: 'eve' }]);
    const everyone = { filter: { level: 'member' } } as const;
    const seen = await previewed(everyone);
    await course().sync([...TEACHERS, { subject: 'eve' }, { subject: 'zoe' }, { subject: 'pat' }]);
    expect(await confirm(everyone, OUT, seen)).toMatchObject({
      value: { changed: 1, refused: { 'changed-meanwhile': 2 } },
    });
    expect([(await course().member('eve')).active, (await course().member('zoe')).active]).toEqual([false, true]);
  });

  it('leaves out whom somebody has decided about since', async () => {
    await course().sync([...TEACHERS, { subject: 'eve' }, { subject: 'pat' }]);
    await course().change('pat', OUT);
    await course().change('eve', OUT);
    const both = await selected('eve', 'pat');
    const seen = await previewed(both, { status: 'active' });
    await course().change('eve', { status: 'active' });
    await course().change('eve', OUT);
    expect(await confirm(both, { status: 'active' }, seen)).toMatchObject({
      value: { changed: 1, refused: { 'changed-meanwhile': 1 } },
    });
    expect([(await course().member('eve')).active, (await course().member('pat')).active]).toEqual([false, true]);
  });

  it('changes nobody when it would be more than it said', async () => {
    await course().sync([...TEACHERS, { subject: 'eve' }, { subject: 'pat', level: 'moderator' }]);
    const everyone = { filter: { level: 'member' } } as const;
    const seen = await previewed(everyone);
    await course().sync([...TEACHERS, { subject: 'eve' }, { subject: 'pat' }]);
    expect(await confirm(everyone, OUT, seen)).toEqual({ ok: false, reason: 'more-than-seen' });
    expect((await course().member('eve')).active).toBe(true);
    expect(await course().events()).toEqual([]);
  });
});
