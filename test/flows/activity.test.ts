import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newActivity, recordActivity, writeState } from '../../src/channels/activity.ts';
import type { ChannelId, PlatformId } from '../../src/channels/channel.ts';
import { createManageMembers, type ManageMembers } from '../../src/channels/manage-members.ts';
import type { Membership } from '../../src/channels/membership.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import { sameOrigin, saveSettings, settingsFields, strangerTo, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
let id: ChannelId;
let manage: ManageMembers;
let students: Membership[];
let people: Record<'manager' | 'moderator' | 'student' | 'otherChannel', Visitor>;
let actor: string;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 60 } });
  const { canvas } = tool.sandbox;
  const [{ id: courseId, cast }, big] = [canvas.course('small'), canvas.course('big')];
  people = {
    manager: await launchAs(tool, canvas, { courseId, personId: cast.instructor }),
    moderator: await launchAs(tool, canvas, { courseId, personId: cast.assistant }),
    student: await launchAs(tool, canvas, { courseId, personId: cast.student }),
    otherChannel: await launchAs(tool, canvas, { courseId: big.id, personId: strangerTo(canvas.course('small'), big) }),
  };
  await tool.settled();
  id = channelIn(people.manager.url);
  manage = createManageMembers({ ...tool.storage, clock: Date.now, random: systemRandom });
  const members = await membersOf(tool, id);
  students = members.filter(({ level, active, isTest }) => level === 'member' && active && !isTest);
  actor = `user:${members.find(({ subject }) => subject === cast.instructor)?.userId}`;
});

afterAll(() => tool.close());

async function setLevel(member: Membership, level: Membership['level']): Promise<string> {
  const done = await manage.change({
    channelId: id,
    userId: member.userId,
    change: { level },
    override: true,
    seen: null,
    actor,
  });
  if (!done.ok || done.value.activityId === null) throw new Error('nothing was changed');
  return done.value.activityId;
}

const activity = (visitor: Visitor) => visitor.get(withAs(visitor, `/channels/${id}/activity`));

async function press(visitor: Visitor, activityId: string, fields: Record<string, string> = {}): Promise<Visitor> {
  const _csrf = /name="_csrf" value="([^"]*)"/.exec(visitor.html)?.[1] ?? '';
  const path = withAs(visitor, `/channels/${id}/activity/${activityId}/undo`);
  return visitor.post(path, { _csrf, back: 'activity', ...fields }, sameOrigin(visitor));
}

function nth(index: number): Membership {
  const found = students[index];
  if (!found) throw new Error('too few students');
  return found;
}

describe('the activity of a channel', () => {
  it('is for moderators and above, and not there for others', async () => {
    expect((await activity(people.student)).status).toBe(403);
    await people.student.get(`/channels/${id}`);
    expect((await activity(people.otherChannel)).status).toBe(404);
    expect((await activity(people.moderator)).status).toBe(200);
    expect(people.moderator.text()).toContain('Nothing has been changed by hand yet');
  });

  it('tells who did what to whom, from what to what, and undoes it', async () => {
    await setLevel(nth(0), 'contributor');
    const text = (await activity(people.manager)).text();
    expect(text).toContain('changed the level of');
    expect(text).toContain(nth(0).person.name ?? 'no name');
    expect(text).toMatch(/Member → to Contributor, set by hand/);
    await people.manager.submit(/\/undo/);
    expect(people.manager.text()).toContain('1 change of a member was taken back');
    expect((await tool.storage.memberships.findMembership(id, nth(0).userId))?.override).toBeNull();
    expect(people.manager.text()).toContain('undid a change of');
  });

  it('shows each setting with its old and its new value', async () => {
    await saveSettings(people.manager, id, { privacy: 'open', tags: 'a, b' });
    const text = (await activity(people.moderator)).text();
    expect(text).toMatch(/Who can see the channel from Private → to Open/);
    expect(text).toMatch(/Tags from Empty → to a, b/);
    expect(people.moderator.html).not.toContain('/undo?');
    await saveSettings(people.manager, id, { privacy: 'private' });
  });

  it('does not undo what somebody has changed since, and says what it is now', async () => {
    const first = await setLevel(nth(1), 'contributor');
    await setLevel(nth(1), 'moderator');
    await activity(people.manager);
    expect(people.manager.html).not.toContain(`/activity/${first}/undo`);
    await press(people.manager, first);
    expect(people.manager.text()).toContain(
      'Not undone: somebody has changed this since. The person is a moderator now.',
    );
    expect((await tool.storage.memberships.findMembership(id, nth(1).userId))?.level).toBe('moderator');
  });

  it('does not undo a setting that was changed since, and shows the settings as they are', async () => {
    await saveSettings(people.manager, id, { description: 'first' });
    const undo = /\/activity\/([^/]+)\/undo/.exec(people.manager.html)?.[1] ?? '';
    await saveSettings(people.manager, id, { description: 'second' });
    await press(people.manager, undo);
    expect(new URL(people.manager.url).pathname).toBe(`/channels/${id}/settings`);
    expect(people.manager.text()).toContain('Not undone: somebody has changed these settings since');
    expect(settingsFields(people.manager).description).toBe('second');
  });

  it('folds a change of many into one line, and undoes all of it', async () => {
    const deps = { clock: Date.now, random: systemRandom };
    for (const member of students.slice(2, 7)) {
      await tool.storage.memberships.changeMembership(
        { channelId: id, userId: member.userId, at: Date.now() },
        (now) => now && { ...now, override: 'contributor', level: 'contributor', updateMethod: 'manual' },
        (before, after) =>
          newActivity(deps, {
            action: 'member.level',
            actor,
            batch: 'many',
            channelId: id,
            subjectUserId: member.userId,
            from: writeState(before),
            to: writeState(after),
          }),
      );
    }
    expect((await activity(people.manager)).text()).toContain('changed the level of 5 people at once');
    await people.manager.submit(/\/undo/);
    expect(people.manager.text()).toContain('5 changes of members were taken back');
    const levels = (await membersOf(tool, id)).filter(({ override }) => override === 'contributor');
    expect(levels).toHaveLength(0);
    expect(people.manager.text()).toContain('undid changes of 5 people at once');
  });

  it('lets nobody undo who could not have done it, and nothing of another channel', async () => {
    const event = await setLevel(nth(8), 'contributor');
    await activity(people.moderator);
    expect((await press(people.moderator, event)).status).toBe(403);
    await people.moderator.get(`/channels/${id}`);
    const { items } = await tool.storage.channels.listChannels({}, { limit: 10 });
    const elsewhereId = items.find((one) => one.id !== id)?.id as ChannelId;
    const elsewhere = await recordActivity(
      { ...tool.storage, clock: Date.now, random: systemRandom },
      {
        action: 'channel.change',
        actor: 'system',
        channelId: elsewhereId,
        from: '{}',
        to: '{}',
      },
    );
    await activity(people.manager);
    const back = people.manager.url;
    expect((await press(people.manager, elsewhere)).status).toBe(404);
    await people.manager.get(back);
    expect((await press(people.manager, 'nothing')).status).toBe(404);
    await people.manager.get(back);
    const path = withAs(people.manager, `/channels/${id}/activity/${event}/undo`);
    await people.manager.post(path, { back: 'activity' }, sameOrigin(people.manager));
    expect(people.manager.status).toBe(403);
    await people.manager.get(back);
    expect((await tool.storage.memberships.findMembership(id, nth(8).userId))?.override).toBe('contributor');
  });

  it('tells of programs, the command line, syncs and what it does not know', async () => {
    const deps = { ...tool.storage, clock: Date.now, random: systemRandom };
    const platformId = (await tool.storage.channels.findChannel(id))?.platformId as PlatformId;
    const run = await tool.lastRun(id);
    for (const event of [
      { actor: 'api-key:1', action: 'channel.change', from: '{"moderated":false}', to: '{"moderated":true}' },
      { actor: 'command', action: 'sync.apply-held', syncId: run.id },
      { actor: 'user:nobody', action: '<b>of tomorrow</b>' },
    ]) {
      await recordActivity(deps, { channelId: id, platformId, ...event });
    }
    const text = (await activity(people.manager)).text();
    expect(text).toContain('Another system changed the settings');
    expect(text).toContain('An administrator on the command line applied a sync');
    expect(text).toContain('Somebody unknown changed something that this version cannot describe');
    expect(people.manager.html).toContain(`/syncs/${run.id}`);
    expect(people.manager.html).not.toContain('of tomorrow');
  });

  it('has pages', async () => {
    for (let i = 0; i < 60; i++) await setLevel(nth(9), i % 2 === 0 ? 'contributor' : 'moderator');
    await activity(people.manager);
    const next = /href="([^"]+cursor=[^"]+)"/.exec(people.manager.html)?.[1]?.replaceAll('&amp;', '&');
    expect(next).toBeDefined();
    await people.manager.get(next ?? '');
    expect(people.manager.text()).toContain('Newest changes');
    expect(people.manager.text()).toContain('changed the settings');
  });
});
