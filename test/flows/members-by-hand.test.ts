import type { Request } from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import type { ActivityEvent } from '../../src/channels/channel-store.ts';
import { type Membership, withoutRosterEntry } from '../../src/channels/membership.ts';
import { csrfTokenOf } from '../../src/web/csrf-token.ts';
import { cookieHeader } from '../support/attacker.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

const NOBODY = '01arz3ndektsv4rrffq69g5fav';

let tool: Tool;
let channelId: ChannelId;
let people: Record<'manager' | 'other' | 'moderator' | 'student', Visitor>;
let ids: Record<keyof typeof people | 'leaving', UserId>;
let studentId: UserId;

let course: ChannelId;
/** How the course was at first, and what had been noted of it: each test begins there. */
let first: Membership[];
let noted: Set<string>;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 70 } });
  const { canvas } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  const launch = (personId: string) => launchAs(tool, canvas, { courseId, personId });
  people = {
    manager: await launch(cast.instructor),
    other: await launch(cast.twoRoles),
    moderator: await launch(cast.assistant),
    student: await launch(cast.student),
  };
  await tool.settled();
  course = channelIn(people.manager.url);
  first = await membersOf(tool, course);
  const idOf = (subject: string) => first.find((one) => one.subject === subject)?.userId ?? failed(subject);
  ids = {
    manager: idOf(cast.instructor),
    other: idOf(cast.twoRoles),
    moderator: idOf(cast.assistant),
    student: idOf(cast.student),
    leaving: idOf(cast.teachesElsewhere),
  };
  studentId = ids.student;
});

beforeEach(async () => {
  channelId = course;
  for (const { userId } of await membersOf(tool, course)) {
    const before = first.find((one) => one.userId === userId);
    const key = { channelId, userId, at: Date.now() };
    await tool.storage.memberships.changeMembership(key, () => before ?? 'remove');
  }
  for (const before of first) {
    const key = { channelId, userId: before.userId, at: Date.now() };
    await tool.storage.memberships.changeMembership(key, () => before);
  }
  const channel = (await tool.storage.channels.findChannel(course)) ?? failed('no channel');
  await tool.storage.channels.updateChannel({ ...channel, ownerId: null }, Date.now());
  noted = new Set((await allEvents()).map(({ id }) => id));
});

afterAll(() => tool.close());

describe('a manager', () => {
  it('sets a level, sees both layers, and takes it back from the notice', async () => {
    const { manager } = people;
    const { person } = await memberOf(studentId);
    await open(manager, `/members/${studentId}`, { q: 'a', status: 'active' });
    expect(manager.text()).toContain('Roster: Member');
    await manager.submit(memberForm(), { do: 'level.contributor' });
    expect(manager.status).toBe(200);
    const landed = new URL(manager.url);
    expect([landed.searchParams.get('q'), landed.searchParams.get('status')]).toEqual(['a', 'active']);
    expect(manager.text()).toContain(`${person.name} is now a contributor, set by hand.`);
    expect(await memberOf(studentId)).toMatchObject({
      level: 'contributor',
      rosterLevel: 'member',
      updateMethod: 'manual',
    });
    await open(manager, '/members', { q: person.name ?? '' });
    expect(manager.text()).toContain('Roster: Member Set by hand: Contributor');
    await manager.get(landed.href);
    await manager.submit(/\/undo/);
    expect(manager.status).toBe(200);
    expect(new URL(manager.url).searchParams.get('status')).toBe('active');
    expect(await memberOf(studentId)).toMatchObject({ level: 'member', override: null, updateMethod: 'automatic' });
    const [undone, done] = await events();
    expect([undone?.action, done?.action]).toEqual(['member.undo', 'member.level']);
    expect(done).toMatchObject({ actor: `user:${ids.manager}`, subjectUserId: studentId });
  });

  it('returns somebody to automatic and is told the level before', async () => {
    const { manager } = people;
    await act(manager, studentId, 'level.moderator');
    await open(manager, `/members/${studentId}`);
    expect(manager.text()).toContain('Their level will be “Member”, and the course roster');
    await manager.submit(memberForm(), { do: 'automatic' });
    expect(manager.text()).toContain('is automatic again and is now a member.');
    expect(await memberOf(studentId)).toMatchObject({ override: null, updateMethod: 'automatic' });
  });

  it('switches access off, launches included, and lets the person in again', async () => {
    const { manager, student } = people;
    await act(manager, studentId, 'deactivate');
    expect(manager.text()).toContain('has no access any more: it was switched off by hand.');
    const { id: courseId, cast } = tool.sandbox.canvas.course('small');
    await launchAs(tool, tool.sandbox.canvas, { courseId, personId: cast.student, visitor: student });
    expect(student.text()).toContain('You have no access to this channel');
    await act(manager, studentId, 'reactivate');
    expect(manager.text()).toContain('has access again and is a member.');
    await student.get(`/channels/${channelId}`);
    expect(student.status).toBe(200);
  });

  it('is told that there was nothing to change', async () => {
    const { manager } = people;
    await act(manager, studentId, 'reactivate');
    expect(manager.text()).toContain('There was nothing to change');
    expect(await events()).toEqual([]);
  });

  it('adds somebody found by name or by exact ID, and removes them again', async () => {
    const { manager } = people;
    const stranger = await strangerNamed('Zofia Nowak-Testowa', 'zofia-77');
    await open(manager, '/members/add', { find: 'zof' });
    expect(manager.text()).toContain('Zofia Nowak-Testowa');
    await open(manager, '/members/add', { find: 'zofia-77', level: 'member' });
    expect(manager.text()).toContain('Zofia Nowak-Testowa');
    await manager.submit(/\/members\/add\?/, { person: stranger, as_level: 'contributor' });
    expect(manager.text()).toContain('Zofia Nowak-Testowa was added by hand and is now a contributor.');
    expect(new URL(manager.url).searchParams.get('level')).toBe('member');
    expect(await memberOf(stranger)).toMatchObject({ level: 'contributor', addedBy: 'hand', active: true });
    await act(manager, stranger, 'remove');
    expect(manager.text()).toContain('Zofia Nowak-Testowa was removed from this channel.');
    expect(await tool.storage.memberships.findMembership(channelId, stranger)).toBeNull();
    await manager.submit(/\/undo/);
    expect(await memberOf(stranger)).toMatchObject({ level: 'contributor', addedBy: 'hand', active: true });
  });

  it('is shown addresses and IDs of their own people alone, and of whom they can name', async () => {
    const { manager } = people;
    await strangerNamed('Quentin Quill', 'quill-4711', 'quentin@school.example');
    await strangerNamed('Quentin Quill', 'quill-4712', 'r.quill@other.example');
    await strangerNamed('Quentina Quill', 'quill-4713', 'quentina@school.example');
    for (const [path, name] of [
      ['/people', 'q'],
      ['/members/add', 'find'],
    ] as const) {
      await open(manager, path, { [name]: 'quent' });
      expect(manager.text().match(/Quentina? Quill/g)).toHaveLength(3);
      expect(manager.text()).toMatch(/Quentin Quill q…@school.example/);
      expect(manager.text()).toMatch(/Quentin Quill r…@other.example/);
      expect(manager.text()).not.toMatch(/quill-|quentin@|r\.quill|quentina@|…@school.example.*…@school.example/);
      await open(manager, path, { [name]: 'QUENTIN@school.example' });
      expect(manager.text()).toMatch(/quentin@school.example ID quill-4711/);
      await open(manager, path, { [name]: 'quill-4712' });
      expect(manager.text()).toMatch(/r.quill@other.example ID quill-4712/);
      const { person, subject } = await memberOf(studentId);
      await open(manager, path, { [name]: person.name ?? '' });
      expect(manager.text()).toContain(`ID ${subject}`);
    }
  });

  it('may search as fast as one types, and not for the whole platform', async () => {
    const { manager, other } = people;
    await act(manager, ids.other, 'level.manager');
    let refused = 0;
    for (let i = 0; i < 125; i++) {
      await open(other, '/people', { q: 'nobody' });
      if (other.status === 429) refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(125 - 100);
    await open(other, '/members');
    expect(other.status).toBe(200);
    await open(manager, '/people', { q: 'nobody' });
    expect(manager.status).toBe(200);
  });

  it('is shown what somebody already is, instead of adding them twice', async () => {
    const { manager } = people;
    const before = await memberOf(studentId);
    await open(manager, '/members/add', { find: before.subject });
    expect(manager.text()).toContain('Here already: Member');
    await post(manager, '/members/add', { person: studentId, as_level: 'manager' });
    expect(manager.status).toBe(409);
    expect(manager.text()).toContain(`${before.person.name} is in this channel already, so nothing was changed`);
    expect(manager.html).toContain(`/members/${studentId}?`);
    expect(await memberOf(studentId)).toEqual(before);
  });

  it('is told what to do when nobody was chosen, when nobody is known, and when nobody is found', async () => {
    const { manager } = people;
    await post(manager, '/members/add', { as_level: 'member' });
    expect([manager.status, manager.text()]).toEqual([422, expect.stringContaining('Nobody was chosen')]);
    await post(manager, '/members/add', { person: NOBODY, as_level: 'member' });
    expect([manager.status, manager.text()]).toEqual([422, expect.stringContaining('This person is not known')]);
    await open(manager, '/members/add', { find: 'no such person' });
    expect(manager.text()).toContain('once they have opened this tool');
    await open(manager, '/members/add', { find: 'zo' });
    expect(manager.text()).toContain('Type at least three characters.');
  });

  it('cannot remove somebody whom the course brought', async () => {
    const { manager } = people;
    await open(manager, `/members/${studentId}`);
    expect(manager.text()).not.toContain('Remove from the channel');
    await manager.submit(memberForm(), { do: 'remove' });
    expect([manager.status, manager.text()]).toEqual([409, expect.stringContaining('Switch off their access instead')]);
    expect((await memberOf(studentId)).active).toBe(true);
  });

  it('cannot demote, switch off or remove the last manager, and is told what to do', async () => {
    const { manager } = people;
    const self = ids.manager;
    for (const one of await membersOf(tool, channelId)) {
      if (one.level === 'manager' && one.userId !== self) await act(manager, one.userId, 'level.contributor');
    }
    await open(manager, `/members/${self}`);
    expect(manager.text()).toContain('This is you.');
    expect(manager.text()).toContain('Make somebody else a manager first.');
    for (const action of ['level.member', 'deactivate']) {
      await act(manager, self, action);
      expect([manager.status, manager.text()]).toEqual([409, expect.stringContaining('A channel needs a manager')]);
    }
    expect(await memberOf(self)).toMatchObject({ level: 'manager', active: true });
  });

  it('may give up their own level, and lands where they may still be', async () => {
    const { other } = people;
    const self = ids.other;
    await act(people.manager, self, 'level.manager');
    await act(other, self, 'level.member');
    expect(other.status).toBe(200);
    expect(other.text()).toContain('You do not manage this channel any more');
    await open(other, '/members');
    expect(other.status).toBe(403);
  });

  it('does not demote the owner', async () => {
    const { manager } = people;
    const owner = ids.other;
    const channel = (await tool.storage.channels.findChannel(channelId)) ?? failed('no channel');
    await act(manager, owner, 'level.manager');
    await tool.storage.channels.updateChannel({ ...channel, ownerId: owner }, Date.now());
    await open(manager, '/members');
    expect(manager.text()).toMatch(/Owner/);
    await act(manager, owner, 'level.member');
    expect([manager.status, manager.text()]).toEqual([409, expect.stringContaining('This person owns the channel')]);
    expect((await memberOf(owner)).level).toBe('manager');
  });

  it('reads the words of a notice from what was recorded, never from the address', async () => {
    const { manager } = people;
    await act(manager, studentId, 'level.contributor');
    const undo = new URL(manager.url).searchParams.get('undo') ?? '';
    await open(manager, '/members', { undo, text: 'Your account is closed', name: 'Mallory' });
    expect(manager.text()).toContain('is now a contributor, set by hand.');
    expect(manager.text()).not.toMatch(/Your account is closed|Mallory/);
    await act(manager, studentId, 'automatic');
    await open(manager, '/members', { undo });
    expect(manager.text()).not.toContain('is now a contributor');
    for (const foreign of [NOBODY, '__proto__', '"><script>']) {
      await open(manager, '/members', { undo: foreign });
      expect([manager.status, manager.html.includes('/undo')]).toEqual([200, false]);
    }
  });
});

describe('two people at once', () => {
  it('the second manager sees what changed and who did it, and decides again', async () => {
    const { manager, other } = people;
    await act(manager, ids.other, 'level.manager');
    await open(other, `/members/${studentId}`);
    await act(manager, studentId, 'level.moderator');
    await other.submit(memberForm(), { do: 'level.contributor' });
    expect(other.status).toBe(409);
    const { person } = await memberOf(ids.manager);
    expect(other.text()).toContain('Now: Moderator. Updated: By hand. Has access.');
    expect(other.text()).toContain(`Last changed by ${person.name}`);
    expect((await memberOf(studentId)).level).toBe('moderator');
    await other.submit(memberForm(), { do: 'level.contributor' });
    expect(other.text()).toContain('is now a contributor, set by hand.');
    expect((await memberOf(studentId)).level).toBe('contributor');
  });

  it('a sync that changes somebody after the page was opened is told, not overruled', async () => {
    const { manager } = people;
    const { canvas } = tool.sandbox;
    const { id: courseId, cast } = canvas.course('small');
    await open(manager, `/members/${ids.leaving}`);
    canvas.roster.remove(courseId, cast.teachesElsewhere);
    await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
    await tool.settled();
    expect((await memberOf(ids.leaving)).inactiveReason).toBe('departed');
    await manager.submit(memberForm(), { do: 'level.contributor' });
    expect(manager.status).toBe(409);
    expect(manager.text()).toContain('No access: left the course roster.');
    expect(manager.text()).toContain('The course roster or a launch has changed it since you opened this page.');
    expect((await memberOf(ids.leaving)).override).toBeNull();
  });

  it('a launch that changes nothing of what was seen is no conflict', async () => {
    const { manager } = people;
    const { id: courseId, cast } = tool.sandbox.canvas.course('small');
    await open(manager, `/members/${studentId}`);
    await launchAs(tool, tool.sandbox.canvas, { courseId, personId: cast.student });
    await manager.submit(memberForm(), { do: 'level.contributor' });
    expect(manager.text()).toContain('is now a contributor');
  });

  it('who was removed meanwhile is said to be gone', async () => {
    const { manager } = people;
    const stranger = await strangerNamed('Zofia Nowak', 'zofia-1');
    await post(manager, '/members/add', { person: stranger, as_level: 'member' });
    await open(manager, `/members/${stranger}`);
    const address = manager.url;
    const page = manager.html;
    await act(manager, stranger, 'remove');
    manager.html = page;
    manager.url = address;
    await manager.submit(memberForm(), { do: 'level.contributor' });
    expect(manager.text()).toContain('not in this channel any more');
    await open(manager, `/members/${stranger}`);
    expect(manager.status).toBe(404);
  });
});

describe('many at once', () => {
  it('are previewed, changed, and all put back by one undo', async () => {
    const { manager } = people;
    const users = (await membersOf(tool, channelId))
      .filter(({ level }) => level === 'member')
      .slice(0, 7)
      .map(({ userId }) => userId);
    await post(manager, '/members/preview', { users: users.join(' '), do: 'level.contributor' });
    expect(manager.text()).toContain('7 people will be changed:');
    expect(manager.text()).toContain('and 2 more');
    expect(await levels(users)).toEqual(new Set(['member']));
    await manager.submit(/\/members\/change/);
    expect(manager.text()).toContain('7 people are each a contributor now, set by hand.');
    expect(await levels(users)).toEqual(new Set(['contributor']));
    await manager.submit(/\/undo/);
    expect(await levels(users)).toEqual(new Set(['member']));
  });

  it('are everybody whom the filters find, on other pages too', async () => {
    const { canvas } = tool.sandbox;
    const big = canvas.course('big');
    const manager = await launchAs(tool, canvas, { courseId: big.id, personId: big.cast.instructor });
    await tool.settled();
    channelId = channelIn(manager.url);
    await open(manager, '/members', { level: 'member' });
    const found = Number(/(\d+) people found/.exec(manager.text())?.[1]);
    expect(found).toBeGreaterThan(50);
    await manager.submit(/\/members\/preview/, { everyone: 'found', do: 'deactivate' });
    expect(manager.text()).toContain(`Switch off access of ${found} people`);
    await manager.submit(/\/members\/change/);
    expect(manager.text()).toContain(`${found} people have no access any more`);
    expect(new URL(manager.url).searchParams.get('level')).toBe('member');
    const out = (await membersOf(tool, channelId)).filter(({ inactiveReason }) => inactiveReason === 'by-hand');
    expect(out).toHaveLength(found);
    expect(out.every(({ level }) => level === 'member')).toBe(true);
  });

  it('keep a manager, and say how many could not be changed and why', async () => {
    const { manager } = people;
    const managers = (await membersOf(tool, channelId)).filter(({ level, active }) => level === 'manager' && active);
    await open(manager, '/members', { level: 'manager' });
    await manager.submit(/\/members\/preview/, { everyone: 'found', do: 'deactivate' });
    expect(manager.text()).toContain('1 person stays as they are, because a manager has to remain:');
    expect(manager.text()).toContain('who gives up the level of manager cannot undo it themselves');
    await manager.submit(/\/members\/change/);
    const left = (await membersOf(tool, channelId)).filter(({ level, active }) => level === 'manager' && active);
    expect([managers.length > 1, left.length]).toEqual([true, 1]);
  });

  it('say that nothing would change, and offer no button for it', async () => {
    const { manager } = people;
    await post(manager, '/members/preview', { users: studentId, do: 'remove' });
    expect(manager.text()).toContain('Nobody would be changed.');
    expect(manager.text()).toContain('because the course brought them here:');
    expect(manager.forms().some(({ action }) => action.includes('/members/change'))).toBe(false);
  });

  it('are shown anew, and not done, when it would be more than was seen or when nothing was seen', async () => {
    const { manager } = people;
    const asked = { users: studentId, do: 'deactivate' };
    await post(manager, '/members/change', { ...asked, seen_at: `${Date.now() + 60_000}`, seen_changed: '0' });
    expect([manager.status, manager.text()]).toEqual([
      409,
      expect.stringContaining('more people would be changed than you saw'),
    ]);
    await post(manager, '/members/change', asked);
    expect([manager.status, manager.text()]).toEqual([200, expect.stringContaining('1 person will be changed:')]);
    expect((await memberOf(studentId)).active).toBe(true);
    await manager.submit(/\/members\/change/);
    expect((await memberOf(studentId)).active).toBe(false);
  });

  it('remove nobody whom the course brought and then dropped, but only who was added here', async () => {
    const { manager } = people;
    const added = await strangerNamed('Zofia Nowak', 'zofia-4');
    await post(manager, '/members/add', { person: added, as_level: 'member' });
    const key = { channelId, userId: studentId, at: Date.now() };
    await tool.storage.memberships.changeMembership(key, (known) => known && withoutRosterEntry(known, 'deactivate'));
    await post(manager, '/members/preview', { everyone: 'found', do: 'remove' });
    await manager.submit(/\/members\/change/);
    expect(manager.text()).toContain('1 person was removed from this channel.');
    expect(await tool.storage.memberships.findMembership(channelId, added)).toBeNull();
    expect((await memberOf(studentId)).inactiveReason).toBe('departed');
  });

  it.each([
    [{ do: 'deactivate' }, 'Nobody was chosen'],
    [{ users: 'x y <script>', do: 'deactivate' }, 'Nobody was chosen'],
    [{ everyone: 'found', do: 'promote' }, 'Nothing was chosen to be done'],
  ])('are not changed by half a form: %j', async (fields, said) => {
    const { manager } = people;
    for (const path of ['/members/preview', '/members/change']) {
      await post(manager, path, fields);
      expect(manager.text()).toContain(said);
    }
    expect(await events()).toEqual([]);
  });
});

describe('what others may', () => {
  const PAGES = ['/members/add', '/people?q=abc', '/members/STUDENT'];
  const CHANGES = ['/members/add', '/members/preview', '/members/change', '/members/STUDENT'];
  const fields = () => ({
    person: studentId,
    users: studentId,
    do: 'level.manager',
    standing: 'member...',
    as_level: 'manager',
  });

  it.each(['student', 'moderator'] as const)('nothing of this, for a %s', async (who) => {
    const visitor = people[who];
    const before = await membersOf(tool, channelId);
    for (const path of PAGES) {
      await visitor.get(`/channels/${channelId}${path.replace('STUDENT', studentId)}`);
      expect([path, visitor.status]).toEqual([path, 403]);
    }
    for (const path of CHANGES) {
      await post(visitor, path.replace('STUDENT', studentId), fields());
      expect([path, visitor.status]).toEqual([path, 403]);
    }
    expect(await membersOf(tool, channelId)).toEqual(before);
  });

  it('a moderator sees the list without anything to change in it', async () => {
    await open(people.moderator, '/members');
    expect(people.moderator.status).toBe(200);
    expect(people.moderator.html).not.toMatch(/type="checkbox"|\/members\/preview|\/members\/add/);
  });

  it('nothing in a channel of another course', async () => {
    const { canvas } = tool.sandbox;
    const big = canvas.course('big');
    const outsider = await launchAs(tool, canvas, {
      courseId: big.id,
      personId: canvas.roster.add(big.id, { role: 'teacher' }).id,
    });
    await tool.settled();
    const before = await membersOf(tool, channelId);
    for (const path of PAGES) {
      await outsider.get(`/channels/${channelId}${path.replace('STUDENT', studentId)}`);
      expect([path, outsider.status]).toEqual([path, 404]);
    }
    for (const path of CHANGES) {
      await post(outsider, path.replace('STUDENT', studentId), fields());
      expect([path, outsider.status]).toEqual([path, 404]);
    }
    expect(await membersOf(tool, channelId)).toEqual(before);
  });

  it('a member of another channel is none of this one', async () => {
    const { manager } = people;
    for (const id of [await strangerNamed('Zofia Nowak', 'zofia-2'), NOBODY, '__proto__', '%00']) {
      await open(manager, `/members/${id}`);
      expect([id, manager.status]).toEqual([id, 404]);
    }
  });

  it('no change without the form’s own token, or from another site', async () => {
    const { manager } = people;
    const before = await membersOf(tool, channelId);
    const own = { origin: tool.url, 'sec-fetch-site': 'same-origin' };
    for (const path of CHANGES) {
      const url = `/channels/${channelId}${path.replace('STUDENT', studentId)}`;
      await manager.post(url, fields(), own);
      expect([path, manager.status]).toEqual([path, 403]);
      const token = tokenOf(manager);
      await manager.post(url, { ...fields(), _csrf: token }, { origin: 'https://evil.example' });
      expect([path, manager.status]).toEqual([path, 403]);
    }
    expect(await membersOf(tool, channelId)).toEqual(before);
  });

  it('the suggestions are of the channel’s own platform, and not for short words', async () => {
    const { manager } = people;
    await strangerNamed('Zofia Nowak', 'zofia-3');
    const channel = await tool.storage.channels.findChannel(channelId);
    const platforms = await tool.storage.platforms.listPlatforms();
    const platformId = platforms.map(({ id }) => id).find((id) => id !== channel?.platformId) ?? failed('one platform');
    const person = { name: 'Zofia Fremd', email: null };
    await tool.storage.memberships.upsertUser({ platformId, subject: 'zofia-9', person, at: 1 });
    await open(manager, '/people', { q: 'zofia' });
    expect(manager.text()).toContain('Zofia Nowak');
    expect(manager.text()).not.toContain('Fremd');
    await open(manager, '/people', { q: 'zofia-9' });
    expect(manager.text()).toContain('Nobody found');
    for (const q of ['zo', ' zo ', '']) {
      await open(manager, '/people', { q });
      expect(manager.text()).not.toContain('Zofia');
    }
    await open(manager, '/people', { q: 'zofia'.repeat(100) });
    expect(manager.status).toBe(200);
  });
});

async function open(visitor: Visitor, path: string, query: Record<string, string> = {}): Promise<Visitor> {
  const search = new URLSearchParams(query);
  return visitor.get(`${tool.url}/channels/${channelId}${path}${search.size > 0 ? `?${search}` : ''}`);
}

/** Posts a form of ours with fields of one's own, as a page that was made by hand would. */
async function post(visitor: Visitor, path: string, fields: Record<string, string>): Promise<Visitor> {
  const _csrf = tokenOf(visitor);
  const headers = { origin: tool.url, 'sec-fetch-site': 'same-origin' };
  return visitor.post(`${tool.url}/channels/${channelId}${path}`, { ...fields, _csrf }, headers);
}

function tokenOf(visitor: Visitor): string {
  return csrfTokenOf({ headers: { cookie: cookieHeader(visitor) } } as Request) ?? '';
}

function memberForm(): RegExp {
  return /\/members\/[0-9a-z]{26}\?/;
}

async function act(visitor: Visitor, userId: UserId, action: string): Promise<void> {
  await open(visitor, `/members/${userId}`);
  await visitor.submit(memberForm(), { do: action });
}

async function memberOf(userId: UserId): Promise<Membership> {
  const member = await tool.storage.memberships.findMembership(channelId, userId);
  if (!member) throw new Error('no such member');
  return member;
}

async function levels(users: readonly UserId[]): Promise<Set<string>> {
  return new Set(await Promise.all(users.map(async (id) => (await memberOf(id)).level)));
}

/** What this test has changed by hand, newest first. */
async function events(): Promise<ActivityEvent[]> {
  return (await allEvents()).filter(({ id, action }) => !noted.has(id) && action.startsWith('member.'));
}

async function allEvents(): Promise<ActivityEvent[]> {
  return (await tool.storage.activity.listActivity(course, {}, { limit: 1000 })).items;
}

async function strangerNamed(name: string, subject: string, email: string | null = null): Promise<UserId> {
  const channel = await tool.storage.channels.findChannel(channelId);
  if (!channel) throw new Error('no channel');
  const person = { name, email };
  const user = await tool.storage.memberships.upsertUser({ platformId: channel.platformId, subject, person, at: 1 });
  return user.id;
}

function failed(what: string): never {
  throw new Error(what);
}
