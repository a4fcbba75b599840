import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Channel, ChannelId, UserId } from '../../src/channels/channel.ts';
import { sameOrigin, saveSettings, settingsFields, strangerTo, tokenOf, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
let id: ChannelId;
let people: Record<'manager' | 'moderator' | 'student' | 'otherChannel' | 'otherPlatform', Visitor>;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 40 } });
  const { canvas, moodle } = tool.sandbox;
  const [{ id: courseId, cast }, big, other] = [canvas.course('small'), canvas.course('big'), moodle.course('small')];
  people = {
    manager: await launchAs(tool, canvas, { courseId, personId: cast.instructor }),
    moderator: await launchAs(tool, canvas, { courseId, personId: cast.assistant }),
    student: await launchAs(tool, canvas, { courseId, personId: cast.student }),
    otherChannel: await launchAs(tool, canvas, { courseId: big.id, personId: strangerTo(canvas.course('small'), big) }),
    otherPlatform: await launchAs(tool, moodle, { courseId: other.id, personId: other.cast.instructor }),
  };
  id = channelIn(people.manager.url);
  await tool.settled();
});

afterAll(() => tool.close());

async function channel(): Promise<Channel> {
  const found = await tool.storage.channels.findChannel(id);
  if (!found) throw new Error('the channel is gone');
  return found;
}

async function userOf(personId: string): Promise<UserId> {
  const found = (await membersOf(tool, id)).find(({ subject }) => subject === personId);
  if (!found) throw new Error(`${personId} is no member`);
  return found.userId;
}

describe('the settings of a channel', () => {
  it('are the managers’ alone, and another channel’s are not there', async () => {
    const path = `/channels/${id}/settings`;
    const status = async (visitor: Visitor) => (await visitor.get(withAs(visitor, path))).status;
    expect(await status(people.manager)).toBe(200);
    expect(await status(people.moderator)).toBe(403);
    expect(await status(people.student)).toBe(403);
    expect(await status(people.otherChannel)).toBe(404);
    expect(await status(people.otherPlatform)).toBe(404);
    for (const address of ['settings', 'settings/owner', 'delete']) {
      const before = await channel();
      const fields = { _csrf: tokenOf(people.student), ownerId: '', seenOwnerId: '' };
      await people.student.post(
        withAs(people.student, `/channels/${id}/${address}`),
        fields,
        sameOrigin(people.student),
      );
      expect(people.student.status).toBe(403);
      expect(await channel()).toEqual(before);
    }
    await people.student.get(`/channels/${id}`);
  });

  it('are saved together, and saving what stands changes nothing', async () => {
    await saveSettings(people.manager, id, {
      givenName: '  Cells & co ',
      description: 'What a cell is.\r\nAnd is not.',
      tags: 'biology, cells,, biology',
      contributionPolicy: 'everyone',
      moderated: 'on',
      syncAutomatic: null,
      syncDeparted: 'keep',
      syncAsks: 'on',
    });
    expect(people.manager.text()).toContain('The settings are saved.');
    expect(await channel()).toMatchObject({
      givenName: 'Cells & co',
      description: 'What a cell is.\nAnd is not.',
      tags: ['biology', 'cells'],
      contributionPolicy: 'everyone',
      moderated: true,
      sync: { automatic: false, departedOverrides: 'keep', askBeforeRemovals: true },
    });
    const { version } = await channel();
    await saveSettings(people.manager, id, {});
    expect(people.manager.text()).toContain('Nothing was different');
    expect((await channel()).version).toBe(version);
  });

  it('can be undone from the notice, and the undoing too', async () => {
    await saveSettings(people.manager, id, { givenName: 'A slip' });
    await people.manager.submit(/\/undo/);
    expect(people.manager.text()).toContain('Undone: the settings are as they were');
    expect((await channel()).givenName).toBe('Cells & co');
    await people.manager.submit(/\/undo/);
    expect((await channel()).givenName).toBe('A slip');
  });

  it('return to the course’s name when the name is emptied', async () => {
    await saveSettings(people.manager, id, { givenName: ' ' });
    expect((await channel()).givenName).toBeNull();
    expect(people.manager.text()).toContain(`“${tool.sandbox.canvas.course('small').title}”`);
  });

  it('show markup as the text it is', async () => {
    const markup = '<img src=x onerror=alert(1)>{{name}}$t(page.skip)';
    await saveSettings(people.manager, id, { givenName: markup, description: `${markup} d`, tags: `${markup}, b` });
    for (const path of ['', '/settings', '/activity', '/delete']) {
      await people.manager.get(withAs(people.manager, `/channels/${id}${path}`));
      expect(people.manager.status).toBe(200);
      expect(people.manager.html).not.toContain('<img');
      expect(people.manager.text()).toContain(markup);
    }
    expect(settingsFields(await people.manager.get(withAs(people.manager, `/channels/${id}/settings`)))).toMatchObject({
      givenName: markup,
      description: `${markup} d`,
      tags: `${markup}, b`,
    });
    await saveSettings(people.manager, id, { givenName: '', description: '', tags: '' });
  });

  it('keep what was typed when a field is refused, and say why beside it', async () => {
    const before = await channel();
    const tags = Array.from({ length: 51 }, (_, i) => `tag ${i}`).join(', ');
    await saveSettings(people.manager, id, { givenName: 'x'.repeat(256), tags, description: 'kept' });
    expect(people.manager.status).toBe(422);
    expect(people.manager.text()).toContain('2 fields need a change');
    expect(people.manager.html).toContain('href="#givenName"');
    expect(people.manager.html).toContain('aria-invalid="true"');
    expect(settingsFields(people.manager)).toMatchObject({ givenName: 'x'.repeat(256), tags, description: 'kept' });
    await saveSettings(people.manager, id, { tags: 'y'.repeat(101) });
    expect(people.manager.text()).toContain('longer than 100 characters');
    expect(await channel()).toEqual(before);
  });

  it('refuse a reference ID that another channel of the platform has', async () => {
    const [other] = (
      await tool.storage.channels.listChannels({ contextId: tool.sandbox.canvas.course('big').contextId }, { limit: 1 })
    ).items;
    const before = await channel();
    await saveSettings(people.manager, id, { referenceId: other?.referenceId ?? '', description: 'typed' });
    expect(people.manager.status).toBe(422);
    expect(people.manager.text()).toContain('Another channel has this reference ID already');
    expect(settingsFields(people.manager).description).toBe('typed');
    expect(await channel()).toEqual(before);
  });

  it('tell the later of two managers what the other changed, and take nothing from either', async () => {
    const { canvas } = tool.sandbox;
    const userId = await userOf(canvas.course('small').cast.assistant);
    await tool.storage.memberships.changeMembership({ channelId: id, userId, at: Date.now() }, (now) =>
      now === null ? null : { ...now, override: 'manager', level: 'manager', updateMethod: 'manual' },
    );
    const colleague = people.moderator;
    await people.manager.get(withAs(people.manager, `/channels/${id}/settings`));
    await saveSettings(colleague, id, { description: 'By the colleague', privacy: 'restricted' });
    expect(colleague.text()).toContain('The settings are saved.');

    await saveSettings(people.manager, id, { givenName: 'Mine', description: 'My own' }, { open: false });
    expect(people.manager.status).toBe(409);
    const text = people.manager.text();
    expect(text).toContain('Somebody changed the settings while you had them open');
    expect(text).toMatch(/Who can see the channel.*Private.*Restricted.*Restricted/);
    expect(text).toMatch(/Description.*Empty.*By the colleague.*My own/);
    expect(await channel()).toMatchObject({ givenName: null, description: 'By the colleague', privacy: 'restricted' });
    expect(settingsFields(people.manager)).toMatchObject({
      givenName: 'Mine',
      description: 'My own',
      privacy: 'restricted',
    });

    await saveSettings(people.manager, id, {}, { open: false });
    expect(people.manager.text()).toContain('The settings are saved.');
    expect(await channel()).toMatchObject({ givenName: 'Mine', description: 'My own', privacy: 'restricted' });
    await saveSettings(people.manager, id, { privacy: 'private', givenName: '' });
  });

  it('are not held up by a new title from the LMS', async () => {
    await people.manager.get(withAs(people.manager, `/channels/${id}/settings`));
    const now = await channel();
    await tool.storage.channels.updateChannel({ ...now, title: `${now.title} (new)` }, Date.now());
    await saveSettings(people.manager, id, { description: 'Still mine' }, { open: false });
    expect(people.manager.text()).toContain('The settings are saved.');
    expect((await channel()).description).toBe('Still mine');
  });

  it('want the session’s token and our own page', async () => {
    await people.manager.get(withAs(people.manager, `/channels/${id}/settings`));
    const before = await channel();
    const fields = { ...settingsFields(people.manager), description: 'forged' };
    const path = withAs(people.manager, `/channels/${id}/settings`);
    const back = people.manager.url;
    await people.manager.post(path, fields, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    expect(people.manager.status).toBe(403);
    await people.manager.get(back);
    await people.manager.post(path, { ...fields, _csrf: 'x' }, sameOrigin(people.manager));
    expect(people.manager.status).toBe(403);
    await people.manager.get(back);
    expect(await channel()).toEqual(before);
  });
});

describe('the owner', () => {
  const owner = /\/settings\/owner/;

  /** Chooses from the list and stops at the question. */
  async function choose(visitor: Visitor, ownerId: string, seenOwnerId: string): Promise<Visitor> {
    const search = new URLSearchParams({ ownerId, seenOwnerId });
    return visitor.get(withAs(visitor, `/channels/${id}/pass-on?${search}`));
  }

  it('is made from the managers, is then alone with what is the owner’s, and can pass it on, undo and give up', async () => {
    const { cast } = tool.sandbox.canvas.course('small');
    const [me, colleague] = [await userOf(cast.instructor), await userOf(cast.assistant)];
    await people.manager.get(withAs(people.manager, `/channels/${id}/settings`));
    expect(people.manager.text()).toContain('Nobody owns this channel');
    expect(people.manager.html).toMatch(/<select[^>]*name="ownerId"[^>]*required[^>]*>\s*<option value="">/);
    await choose(people.manager, me, '');
    expect(people.manager.text()).toContain('You are then the only one who can delete the channel');
    expect((await channel()).ownerId).toBeNull();
    await people.manager.submit(owner);
    expect(people.manager.text()).toContain('The channel has a new owner');
    expect((await channel()).ownerId).toBe(me);

    for (const path of ['delete', 'settings/owner']) {
      const { moderator } = people;
      await moderator.get(withAs(moderator, `/channels/${id}/settings`));
      const { _csrf = '' } = settingsFields(moderator);
      const fields = { _csrf, ownerId: '', seenOwnerId: me };
      await moderator.post(withAs(moderator, `/channels/${id}/${path}`), fields, sameOrigin(moderator));
      expect([path, moderator.status]).toEqual([path, 403]);
      await moderator.get(`/channels/${id}`);
    }

    await people.manager.get(withAs(people.manager, `/channels/${id}/settings`));
    await people.manager.submit(owner, { ownerId: '' });
    expect(people.manager.text()).toContain('no owner any more');
    await people.manager.submit(/\/undo/);
    expect(people.manager.text()).toContain('Undone: the channel belongs to whom it belonged to before');
    expect((await channel()).ownerId).toBe(me);

    await choose(people.manager, colleague, me);
    expect(people.manager.text()).toMatch(/You cannot take it back yourself. Only .+, or an administrator/);
    expect((await channel()).ownerId).toBe(me);
    await people.manager.submit(owner);
    expect((await channel()).ownerId).toBe(colleague);
    expect(people.manager.text()).toContain('Only they, or an administrator of the learning management system');
    expect(people.manager.html).not.toMatch(/\/undo\?/);
    expect(people.manager.text()).toContain('Only the owner can change this');
  });

  it('is not overruled by somebody who saw another owner, nor made of a stranger', async () => {
    const { moderator } = people;
    await moderator.get(withAs(moderator, `/channels/${id}/settings`));
    const before = await channel();
    await moderator.submit(owner, {
      ownerId: await userOf(tool.sandbox.canvas.course('small').cast.instructor),
      seenOwnerId: '',
    });
    expect(moderator.text()).toContain('Somebody changed the owner while you were looking');
    const seen = before.ownerId ?? '';
    await choose(moderator, await userOf(tool.sandbox.canvas.course('small').cast.instructor), '');
    expect(moderator.text()).toContain('Somebody changed the owner while you were looking');
    await choose(moderator, '01arz3ndektsv4rrffq69g5fav', seen);
    expect(moderator.text()).toContain('This person cannot own the channel');
    await choose(moderator, '', seen);
    expect(moderator.text()).toContain('Nobody was chosen, so the owner stays as it is');
    await moderator.submit(owner, { ownerId: '01arz3ndektsv4rrffq69g5fav' });
    expect(moderator.text()).toContain('This person cannot own the channel');
    expect((await channel()).ownerId).toBe(before.ownerId);
    await moderator.submit(owner, { ownerId: '' });
    expect((await channel()).ownerId).toBeNull();
  });
});
