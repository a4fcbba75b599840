import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChannelId, DELETED_KEPT_MS } from '../../src/channels/channel.ts';
import { saveSettings, strangerTo, tokenOf, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
let now: number;
let small: ChannelId;
let big: ChannelId;
let people: Record<'manager' | 'student' | 'colleague' | 'other' | 'otherPlatform', Visitor>;

beforeAll(async () => {
  now = Date.now();
  tool = await startTool({ sandbox: { bigCourseSize: 40 }, clock: () => now });
  const { canvas, moodle } = tool.sandbox;
  const [one, two, far] = [canvas.course('small'), canvas.course('big'), moodle.course('small')];
  people = {
    manager: await launchAs(tool, canvas, { courseId: one.id, personId: one.cast.instructor }),
    student: await launchAs(tool, canvas, { courseId: one.id, personId: one.cast.student }),
    colleague: await launchAs(tool, canvas, { courseId: one.id, personId: one.cast.assistant }),
    other: await launchAs(tool, canvas, { courseId: two.id, personId: strangerTo(one, two) }),
    otherPlatform: await launchAs(tool, moodle, { courseId: far.id, personId: far.cast.instructor }),
  };
  await tool.settled();
  [small, big] = [channelIn(people.manager.url), channelIn(people.other.url)];
});

afterAll(() => tool.close());

const mine = (visitor: Visitor, query = '') => visitor.get(withAs(visitor, `/channels${query}`));
const status = async (visitor: Visitor, path: string) => (await visitor.get(withAs(visitor, path))).status;

describe('my channels', () => {
  it('are listed for each person, and found from a channel', async () => {
    await people.student.get(withAs(people.student, `/channels/${small}`));
    expect(people.student.html).toContain(`href="/channels?as=`);
    await mine(people.student);
    expect(people.student.text()).toContain(tool.sandbox.canvas.course('small').title);
    expect(people.student.text()).not.toContain('Deleted');
    expect(people.student.html).toContain(`/channels/${small}?as=`);
  });

  it('are nobody’s without a session', async () => {
    expect((await tool.visitor().get('/channels')).status).toBe(401);
    expect((await people.student.get('/channels?as=made-up')).status).toBe(401);
    await people.student.get(`/channels/${small}`);
  });

  it('show open and restricted channels to people of the platform, at once and as long as they are', async () => {
    const title = tool.sandbox.canvas.course('small').title;
    expect(await status(people.other, `/channels/${small}`)).toBe(404);
    await people.other.get(`/channels/${big}`);
    for (const privacy of ['restricted', 'open']) {
      await saveSettings(people.manager, small, { privacy });
      await mine(people.other, '?scope=open');
      expect(people.other.text()).toContain(title);
      expect(await status(people.other, `/channels/${small}`)).toBe(200);
      expect(people.other.text()).toContain('You are visiting this channel');
      expect(people.other.text()).toContain('Your role here: Visitor');
      for (const path of ['members', 'activity', 'settings', 'delete']) {
        expect([path, await status(people.other, `/channels/${small}/${path}`)]).toEqual([path, 403]);
        await people.other.get(`/channels/${big}`);
      }
      await mine(people.otherPlatform, '?scope=open');
      expect(people.otherPlatform.text()).not.toContain(title);
      expect(await status(people.otherPlatform, `/channels/${small}`)).toBe(404);
      await people.otherPlatform.get('/channels');
    }
    await saveSettings(people.manager, small, { privacy: 'private' });
    expect(await status(people.other, `/channels/${small}`)).toBe(404);
    await people.other.get(`/channels/${big}`);
    expect((await mine(people.other, '?scope=open')).text()).toContain('No channel is open to you');
  });

  it('search by name, and show markup in it as text', async () => {
    await mine(people.manager, '?q=%3Cb%3Enothing');
    expect(people.manager.html).not.toContain('<b>nothing');
    expect(people.manager.text()).toContain('No channel matches this search');
    const { title } = tool.sandbox.canvas.course('small');
    await mine(people.manager, `?q=${encodeURIComponent(title.slice(0, 5).toUpperCase())}`);
    expect(people.manager.text()).toContain('1 channel found');
  });

  it('are where a launch outside a course ends, with the next step for those who have none', async () => {
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('small');
    const overrides = { withoutContext: true };
    const visitor = await launchAs(tool, canvas, { courseId, personId: cast.instructor, overrides });
    expect(new URL(visitor.url).pathname).toBe('/channels');
    expect(visitor.text()).toContain(canvas.course('small').title);
    const stranger = { ...overrides, claims: { sub: 'somebody-new' } };
    const nobody = await launchAs(tool, canvas, { courseId, personId: cast.instructor, overrides: stranger });
    expect(nobody.text()).toContain('You are in no channel yet');
    expect(nobody.text()).toContain('open this tool from one of your courses');
  });

  it('are not for the test student, who is in one course alone', async () => {
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('small');
    const visitor = await launchAs(tool, canvas, { courseId, personId: cast.testStudent });
    expect(visitor.text()).not.toContain('My channels');
    expect(await status(visitor, '/channels')).toBe(403);
  });
});

describe('a deleted channel', () => {
  const restore = /\/restore/;

  it('says before what will happen, and is deleted by managers alone', async () => {
    for (const who of ['student', 'colleague'] as const) {
      expect(await status(people[who], `/channels/${small}/delete`)).toBe(403);
      await people[who].get(`/channels/${small}`);
    }
    await people.manager.get(withAs(people.manager, `/channels/${small}/delete`));
    const text = people.manager.text();
    expect(text).toMatch(/\d+ people lose access at once/);
    expect(text).toContain('No recording is deleted');
    expect(text).toContain('For 30 days');
    expect((await tool.storage.channels.findChannel(small))?.deletedAt).toBeNull();
  });

  it('is reached by no old link, and comes back as it was', async () => {
    const before = await membersOf(tool, small);
    await people.manager.get(withAs(people.manager, `/channels/${small}/delete`));
    await people.manager.submit(/\/delete/);
    expect(new URL(people.manager.url).pathname).toBe('/channels');
    expect(people.manager.text()).toContain('is deleted. It can be restored until');
    for (const path of ['', '/members', '/activity', '/settings', '/delete']) {
      for (const who of ['manager', 'student'] as const) {
        const answer = await status(people[who], `/channels/${small}${path}`);
        expect([path, answer]).toEqual([path, 404]);
        await mine(people[who]);
        expect(people[who].html).not.toContain(`/channels/${small}?as`);
      }
    }
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('small');
    const visitor = await launchAs(tool, canvas, { courseId, personId: cast.student });
    expect(new URL(visitor.url).pathname).toBe('/channels');
    expect(visitor.text()).toContain('The channel of the course that you came from was deleted');

    expect(visitor.html).not.toMatch(restore);
    const admin = await launchAs(tool, canvas, { courseId, personId: cast.admin, overrides: { anyone: true } });
    expect(new URL(admin.url).pathname).toBe('/channels');
    await admin.submit(restore);
    expect(admin.text()).toContain('The channel is back as it was');
    expect((await tool.storage.channels.findChannel(small))?.deletedAt).toBeNull();
    await people.manager.get(withAs(people.manager, `/channels/${small}/delete`));
    await people.manager.submit(/\/delete/);

    await mine(people.manager, '?scope=deleted');
    await people.manager.submit(restore);
    expect(new URL(people.manager.url).pathname).toBe(`/channels/${small}`);
    expect(people.manager.text()).toContain('The channel is back as it was');
    expect(await membersOf(tool, small)).toEqual(before);
    await mine(people.student);
    expect(await status(people.student, `/channels/${small}`)).toBe(200);
  });

  it('is restored by nobody who could not have deleted it, nor after its 30 days', async () => {
    await people.manager.get(withAs(people.manager, `/channels/${small}/delete`));
    await people.manager.submit(/\/delete/);
    for (const who of ['student', 'colleague', 'other', 'otherPlatform'] as const) {
      const visitor = people[who];
      await mine(visitor);
      await mine(visitor, `?scope=deleted&notice=deleted&channel=${small}`);
      expect(visitor.text()).not.toContain(tool.sandbox.canvas.course('small').title);
      const answer = await visitor.post(
        withAs(visitor, `/channels/${small}/restore`),
        { _csrf: tokenOf(visitor) },
        { origin: tool.url, 'sec-fetch-site': 'same-origin' },
      );
      expect([who, answer.status]).toEqual([who, 404]);
    }
    expect((await tool.storage.channels.findChannel(small))?.deletedAt).not.toBeNull();
    const deletedAt = now;
    await mine(people.manager, '?scope=deleted');
    const page = { html: people.manager.html, url: people.manager.url };
    const channel = await tool.storage.channels.findChannel(small);
    if (!channel) throw new Error('gone');
    await tool.storage.channels.updateChannel({ ...channel, deletedAt: deletedAt - DELETED_KEPT_MS }, now);
    Object.assign(people.manager, page);
    await people.manager.submit(restore);
    expect(people.manager.status).toBe(404);
  });
});
