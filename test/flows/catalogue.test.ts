import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { withOverride } from '../../src/channels/membership.ts';
import type { CatalogueEntry } from '../../src/recordings/catalogue-store.ts';
import type { Recording } from '../../src/recordings/recording.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { NewZoomRecording } from '../../src/sandbox/zoom/recordings/recording.ts';
import type { SandboxZoom } from '../../src/sandbox/zoom/zoom.ts';
import type { Connection } from '../../src/zoom/connection.ts';
import { until } from '../jobs/support/engines.ts';
import { sameOrigin, settingsFields, tokenOf, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';
import { connectZoom } from '../support/zoom-account.ts';

const DAY = 86_400_000;
const { lecture, review } = SEEDED_MEETINGS;
const SCHEDULE = { name: 'schedule-zoom-sweeps' };

let tool: Tool;
let zoom: SandboxZoom;
let id: ChannelId;
let bigId: ChannelId;
let people: Record<'teacher' | 'teacherElsewhere' | 'assistant' | 'student' | 'stranger', Visitor>;
let strangersId: ChannelId;

beforeAll(async () => {
  // Zoom's clock, so that moving it moves the tool's, too: from then on the LMS and webhooks, which go by true time, are late.
  tool = await startTool({ sandbox: { bigCourseSize: 20 }, clock: () => Date.now() + (zoom?.clock.ahead() ?? 0) });
  zoom = tool.sandbox.zoom;
  const { canvas, moodle } = tool.sandbox;
  const theirs = moodle.course('small').cast;
  const { id: courseId, cast } = canvas.course('small');
  const enter = (personId: string, course = courseId) => launchAs(tool, canvas, { courseId: course, personId });
  people = {
    teacher: await enter(cast.instructor),
    teacherElsewhere: await enter(cast.instructor, canvas.course('big').id),
    assistant: await enter(cast.assistant),
    student: await enter(cast.student),
    stranger: await launchAs(tool, moodle, { courseId: moodle.course('small').id, personId: theirs.instructor }),
  };
  id = channelIn(people.teacher.url);
  bigId = channelIn(people.teacherElsewhere.url);
  strangersId = channelIn(people.stranger.url);
  await tool.settled();
});

beforeEach(() => zoom.faults.reset());

afterAll(() => tool.close());

async function catalogue(visitor: Visitor, query = ''): Promise<Visitor> {
  return visitor.get(withAs(visitor, `/zoom/recordings${query}`));
}

async function bring(
  visitor: Visitor,
  fields: [string, string][],
  where = '/zoom/recordings/import',
): Promise<Visitor> {
  const body = new URLSearchParams([['_csrf', tokenOf(visitor)], ...fields]);
  return visitor.post(withAs(visitor, where), body as unknown as Record<string, string>, sameOrigin(visitor));
}

async function connectionOf(user: string): Promise<Connection> {
  const found = await tool.storage.connections.findConnectionOfZoomUser(zoom.user(user).id);
  if (!found) throw new Error(`${user} is not connected`);
  return found;
}

async function swept(user = 'ada'): Promise<Connection> {
  await until(async () => expect((await connectionOf(user)).walk).toMatchObject({ asked: false, complete: true }));
  return connectionOf(user);
}

/** Asks for a look as a person would, and waits until it has ended well. */
async function look(visitor = people.teacher): Promise<void> {
  const before = (await connectionOf('ada')).walk.sweptAt;
  zoom.clock.advance(1);
  await catalogue(visitor);
  await visitor.submit(/\/look/);
  await until(async () => {
    const { walk } = await connectionOf('ada');
    expect(walk.asked).toBe(false);
    expect(walk.sweptAt).not.toBe(before);
  });
}

async function entries(number?: string): Promise<CatalogueEntry[]> {
  const { id: connectionId } = await connectionOf('ada');
  const { items } = await tool.storage.catalogue.listEntries(connectionId, number ? { number } : {}, { limit: 500 });
  return items;
}

async function found(...uuids: string[]): Promise<Recording[]> {
  return tool.storage.recordings.findByMeetings(uuids);
}

/** The UUIDs of the page, in its order. */
function shown(visitor: Visitor): string[] {
  return [...visitor.html.matchAll(/<li class="catalogue__row" id="r-([0-9a-f]+)"/g)].map(([, hex = '']) =>
    Buffer.from(hex, 'hex').toString(),
  );
}

function rowOf(visitor: Visitor, uuid: string): string {
  const at = `<li class="catalogue__row" id="r-${Buffer.from(uuid).toString('hex')}"`;
  return (
    (visitor.html.split(at)[1] ?? '')
      .split('</li>')[0]
      ?.replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ') ?? ''
  );
}

function record(changes: Partial<NewZoomRecording> = {}): string {
  return zoom.recordings.add({ host: 'ada', number: review, bytes: 4_000, quiet: true, ...changes }).uuid;
}

describe('the list of a person’s recordings in Zoom', () => {
  it('is for whoever connected an account, and nobody sees another’s', async () => {
    await connectZoom(people.teacher, 'ada');
    await swept();
    for (const other of [people.assistant, people.student]) {
      await catalogue(other);
      expect(new URL(other.url).pathname).toBe('/zoom');
      await bring(other, [
        ['uuid', (await entries())[0]?.meetingUuid ?? ''],
        ['to', 'library'],
      ]);
      expect(new URL(other.url).pathname).toBe('/zoom');
    }
    await connectZoom(people.student, 'dora');
    expect((await catalogue(people.student)).status).toBe(403);
    expect(people.student.text()).toContain('nowhere to bring recordings');
    await connectZoom(people.assistant, 'ben');
    await swept('ben');
    await catalogue(people.assistant);
    expect(people.assistant.text()).toContain('Chemistry seminar');
    expect(people.assistant.text()).not.toContain('Biology 101');
    const hers = await entries();
    await bring(people.assistant, [
      ['uuid', hers[0]?.meetingUuid ?? ''],
      ['to', 'library'],
    ]);
    expect(people.assistant.text()).toContain('does not list these recordings');
    expect(await found(hers[0]?.meetingUuid ?? '')).toEqual([]);
  });

  it('is read from the newest to when the account was made, in pieces of a month that overlap', async () => {
    const asked = zoom.requests.log
      .map(({ path }) => new URL(path, 'http://zoom').searchParams)
      .flatMap((query) => (query.has('from') ? [{ from: query.get('from') ?? '', to: query.get('to') ?? '' }] : []));
    const days = ({ from, to }: { from: string; to: string }) => (Date.parse(to) - Date.parse(from)) / DAY + 1;
    expect(Math.max(...asked.map(days))).toBe(30);
    const begun = zoom.clock.now() + DAY;
    expect(asked[0]?.to).toBe(new Date(begun).toISOString().slice(0, 10));
    const past = [...new Map(asked.map((one) => [one.to, one])).values()].sort((a, b) => b.to.localeCompare(a.to));
    for (const [i, { to }] of past.slice(1).entries()) expect(to > (past[i]?.from ?? '')).toBe(true);
    expect(Date.parse(past.at(-1)?.from ?? '')).toBeLessThanOrEqual(zoom.user('ada').createdAt);

    const all = zoom.recordings.list('ada').map(({ uuid }) => uuid);
    expect((await entries()).map(({ meetingUuid }) => meetingUuid)).toEqual(all);
    const { teacher } = people;
    await catalogue(teacher);
    const pages = [...shown(teacher)];
    while (/rel="next"/.test(teacher.html)) {
      const next = /href="([^"]*)" rel="next"/.exec(teacher.html)?.[1] ?? '';
      await teacher.get(next.replaceAll('&amp;', '&'));
      pages.push(...shown(teacher));
    }
    expect(pages).toEqual(all);
  });

  it('is filtered by meeting and searched by name', async () => {
    const { teacher } = people;
    await catalogue(teacher, `?number=${review}`);
    const rest = (await entries()).filter(({ number }) => number === review).map(({ meetingUuid }) => meetingUuid);
    expect(shown(teacher)).toEqual(rest);
    expect(teacher.html).toMatch(new RegExp(`<option value="${review}" selected>Exam review · `));
    await catalogue(teacher, '?q=SOUND+only');
    expect(teacher.text()).toMatch(/Office hours \(sound only\).*sound only/);
    expect(teacher.text()).not.toContain('Exam review Nov');
    await catalogue(teacher, '?q=nothing-like-it&cursor=garbage&count=x&number=1');
    expect(teacher.text()).toContain('None of your recordings match');
  });

  it('tells when Zoom deletes a recording, and forgets one that is gone there', async () => {
    const due = record({ autoDeleteOn: '2031-01-09', topic: '<b>Ethics</b>' });
    const old = zoom.recordings.list('ada').filter(({ startedAt }) => startedAt < zoom.clock.now() - 60 * DAY)[0];
    await look();
    const { teacher } = people;
    await catalogue(teacher);
    expect(rowOf(teacher, due)).toContain('Zoom deletes it on Jan 9, 2031');
    expect(teacher.html).toContain('&lt;b&gt;Ethics&lt;/b&gt;');
    zoom.recordings.trash(due);
    zoom.recordings.trash(old?.uuid ?? '');
    await look();
    await catalogue(teacher);
    expect(shown(teacher)).not.toContain(due);
    // One month of the past is read again with each sweep.
    await until(async () => {
      await look();
      expect((await entries()).map(({ meetingUuid }) => meetingUuid)).not.toContain(old?.uuid);
    });
    expect((await entries()).length).toBe(zoom.recordings.list('ada').filter((one) => one.trashedAt === null).length);
  });

  it('stays as it was when Zoom does not answer well, and can be asked for again at once', async () => {
    const before = (await entries()).map(({ meetingUuid }) => meetingUuid);
    const { teacher } = people;
    for (const [kind, said] of [
      ['qps', 'asked to be left alone'],
      ['not-json', 'could not be used'],
      ['plan', 'no cloud recordings'],
    ] as const) {
      zoom.faults.api = { kind, on: '/users/me/recordings' };
      await catalogue(teacher);
      await teacher.submit(/\/look/);
      await until(async () => expect((await catalogue(teacher)).text()).toContain(said));
      expect((await entries()).map(({ meetingUuid }) => meetingUuid)).toEqual(before);
      zoom.faults.reset();
    }
    await look();
    expect((await connectionOf('ada')).walk.fault).toBeNull();
  });
});

describe('recordings chosen from it', () => {
  it('come to the channel or to My recordings, once, however often they are asked for', async () => {
    const { teacher } = people;
    const [one, two, three] = [record({ startedAt: Date.now() - 5 * DAY }), record(), record({ durationMs: 60_000 })];
    await look();
    await catalogue(teacher, `?channel=${id}`);
    expect(teacher.html).toMatch(new RegExp(`<option value="${id}" selected>`));
    await bring(teacher, [
      ['back-channel', id],
      ['uuid', one],
      ['uuid', two],
      ['uuid', 'foreign=='],
      ['to', id],
    ]);
    expect(teacher.text()).toContain('2 recordings are on their way.');
    expect(teacher.url).toContain(`channel=${id}`);
    await bring(teacher, [
      ['uuid', three],
      ['to', 'library'],
      ['visibility', 'published'],
    ]);
    await until(async () =>
      expect((await found(one, two, three)).map((each) => each.import.state)).toEqual(['done', 'done', 'done']),
    );
    expect(await found(one)).toMatchObject([{ channelId: id, visibility: 'hidden', meetingUuid: one }]);
    expect(await found(three)).toMatchObject([{ channelId: null }]);
    await catalogue(teacher);
    expect(rowOf(teacher, one)).toMatch(/Hidden .*Here, in /);
    expect(rowOf(teacher, three)).toContain('Here, in My recordings');
    expect(teacher.html).not.toContain(`value="${one}"`);
    await bring(teacher, [
      ['uuid', one],
      ['to', 'library'],
    ]);
    expect(teacher.text()).toContain('is here already');
    expect(await found(one)).toMatchObject([{ channelId: id }]);
  });

  it('come once from two tabs, and all of a meeting with one press', async () => {
    const { teacher } = people;
    const number = '86666666666';
    const uuids = Array.from({ length: 4 }, (_, i) => record({ number, startedAt: Date.now() - (i + 2) * DAY }));
    await look();
    await catalogue(teacher, `?number=${number}`);
    expect(teacher.text()).toContain('Bring in all of this meeting');
    const all = () =>
      bring(teacher, [
        ['all', number],
        ['to', id],
        ['visibility', 'published'],
      ]);
    const token = tokenOf(teacher);
    const other = tool.visitor();
    for (const [name, value] of teacher.cookies()) other.cookies().set(name, value);
    other.url = teacher.url;
    const fields = { _csrf: token, all: number, to: id, visibility: 'published' };
    await Promise.all([all(), other.post(withAs(teacher, '/zoom/recordings/import'), fields, sameOrigin(teacher))]);
    await until(async () => {
      const here = await found(...uuids);
      expect(here.map((one) => one.import.state)).toEqual(['done', 'done', 'done', 'done']);
    });
    expect((await found(...uuids)).every((one) => one.import.attempt === 1 && one.visibility === 'published')).toBe(
      true,
    );
  });

  it('do not come where the person may not contribute, and say so', async () => {
    const { teacher, assistant } = people;
    const own = zoom.recordings.list('ben')[0]?.uuid ?? '';
    for (const to of [strangersId, 'no-such-channel', '']) {
      await catalogue(assistant);
      await bring(assistant, [
        ['uuid', own],
        ['to', to],
      ]);
      expect(assistant.text()).toContain('You cannot bring recordings into that channel');
    }
    await bring(teacher, [['to', id]]);
    expect(teacher.text()).toContain('No recording was chosen');
    expect(await found(own)).toEqual([]);
  });

  it('show how they stand while they come, and when they failed can be chosen again', async () => {
    const { teacher } = people;
    const uuid = record({ startedAt: Date.now() - 3 * DAY, bytes: 100_000 });
    await look();
    zoom.faults.download = { kind: 'html-200' };
    await catalogue(teacher);
    await bring(teacher, [
      ['uuid', uuid],
      ['to', id],
    ]);
    await until(async () => expect(rowOf(await catalogue(teacher), uuid)).toContain('Not brought in'));
    expect(teacher.html).toContain(`value="${uuid}"`);
    zoom.faults.reset();
    zoom.faults.bytesPerSecond = 20_000;
    await bring(teacher, [
      ['uuid', uuid],
      ['to', 'library'],
    ]);
    expect(teacher.text()).toContain('1 recording is on its way.');
    await until(async () => expect(rowOf(await catalogue(teacher), uuid)).toContain('Being brought in'));
    expect(teacher.html).toContain('data-goes-on');
    zoom.faults.reset();
    await until(async () => expect((await found(uuid))[0]?.import.state).toBe('done'));
    await tool.storage.recordings.changeRecording((await found(uuid))[0]!.id, Date.now(), (now) => ({
      ...now,
      deletedAt: Date.now(),
    }));
    expect(rowOf(await catalogue(teacher), uuid)).toContain('In your bin here');
    expect(teacher.html).toContain(`value="${uuid}"`);
  });
});

describe('recordings that come by themselves', () => {
  /** Links a meeting by the page, so that its recordings come by themselves. */
  async function link(channelId: ChannelId, number: string, changes: Record<string, string> = {}): Promise<void> {
    const visitor = channelId === id ? people.teacher : people.teacherElsewhere;
    await visitor.get(withAs(visitor, `/channels/${channelId}/meetings/add?number=${number}`));
    const send = () =>
      visitor.post(
        withAs(visitor, `/channels/${channelId}/meetings/add`),
        { ...settingsFields(visitor), mode: 'automatic', ...changes },
        sameOrigin(visitor),
      );
    await send();
    // Where another link has the same days, it is asked.
    if (visitor.status === 409) await send();
    expect(visitor.text()).toContain('The meeting is linked.');
  }

  const arrived = (uuid: string) =>
    until(async () => expect((await found(uuid))[0]?.import.state).toBe('done')).then(() => found(uuid));

  it('come once Zoom tells of them, and not those from before the link', async () => {
    const before = record({ number: lecture, startedAt: zoom.clock.now() - DAY });
    await link(id, lecture, { visibility: 'published' });
    const uuid = record({ number: lecture, quiet: false });
    expect(await arrived(uuid)).toMatchObject([
      { channelId: id, visibility: 'published', import: { requestedBy: null }, ownerId: await teacherId() },
    ]);
    await look();
    expect(await found(before)).toEqual([]);
  });

  it('come with the hourly look when Zoom tells nothing', async () => {
    zoom.faults.silent = true;
    const uuid = record({ number: lecture, quiet: false });
    zoom.clock.advance(3_600_001);
    await tool.app.jobs.request(SCHEDULE, 'now', {});
    expect(await arrived(uuid)).toMatchObject([{ channelId: id }]);
  });

  it('come from a first day on where one is set, also when they are old', async () => {
    const { lastYear } = SEEDED_MEETINGS;
    const old = zoom.recordings.list('ada').filter(({ number }) => number === lastYear);
    const [newest, next, third] = old;
    const from = new Date(next?.startedAt ?? 0).toISOString().slice(0, 10);
    await link(id, lastYear, { from });
    await look();
    await arrived(newest?.uuid ?? '');
    await arrived(next?.uuid ?? '');
    expect(await found(third?.uuid ?? '')).toEqual([]);
  });

  it('are asked about when two links have the day, and come then where the person says', async () => {
    await link(bigId, lecture);
    const uuid = record({ number: lecture, quiet: false, startedAt: zoom.clock.now() - 40 * 60_000 });
    await look();
    const { teacher } = people;
    await catalogue(teacher);
    expect(rowOf(teacher, uuid)).toMatch(/linked to several channels: .*, .*Choose where it goes/);
    expect(await found(uuid)).toEqual([]);
    await bring(teacher, [
      ['uuid', uuid],
      ['to', bigId],
    ]);
    const [other] = (await tool.storage.meetingLinks.linksOfChannel(bigId)).filter((one) => one.number === lecture);
    expect(await arrived(uuid)).toMatchObject([{ channelId: bigId, linkId: other?.id }]);
  });

  it('do not come for somebody who may not contribute any more, nor after the grant has ended', async () => {
    const number = SEEDED_MEETINGS.openDay;
    await link(id, number);
    const { memberships } = tool.storage;
    const key = { channelId: id, userId: await teacherId(), at: zoom.clock.now() };
    await memberships.changeMembership(key, (now) => now && withOverride(now, 'member'));
    const uuid = record({ number, quiet: false });
    await look();
    expect((await entries()).map(({ meetingUuid }) => meetingUuid)).toContain(uuid);
    expect(await found(uuid)).toEqual([]);

    const { teacher } = people;
    await catalogue(teacher);
    zoom.oauth.disableByAdmin();
    zoom.clock.advance(3_600_000);
    await teacher.submit(/\/look/);
    await until(async () => expect((await connectionOf('ada')).state).toBe('broken'));
    await catalogue(teacher);
    expect(teacher.text()).toContain('Zoom does not answer for you any more');
    expect(shown(teacher)).toContain(uuid);
    expect(teacher.html).not.toMatch(/type="checkbox" name="uuid"|\/look/);
    await bring(teacher, [
      ['uuid', uuid],
      ['to', 'library'],
    ]);
    expect(new URL(teacher.url).pathname).toBe('/zoom');
    expect(await found(uuid)).toEqual([]);
  });
});

it('says that a Basic account has no cloud recordings', async () => {
  const { stranger: visitor } = people;
  await connectZoom(visitor, 'carl');
  await until(async () => expect((await connectionOf('carl')).walk.fault).toBe('plan-missing'));
  await catalogue(visitor);
  expect(visitor.text()).toContain('cannot record to the cloud');
  expect(visitor.text()).toContain('Nothing could be read from Zoom');
});

it('reads a list again from its beginning when a page of it came too late', async () => {
  const now = zoom.clock.now();
  const number = '87777777777';
  for (let i = 0; i < 301; i++) {
    zoom.recordings.add({ host: 'ben', number, startedAt: now - DAY - i * 60_000, durationMs: 1, quiet: true });
  }
  const { assistant } = people;
  const { id: connectionId } = await connectionOf('ben');
  const count = async () => (await tool.storage.catalogue.listEntries(connectionId, {}, { limit: 1 })).total;
  const before = await count();
  zoom.requests.reset();
  zoom.faults.slowMs = 500;
  await catalogue(assistant);
  await assistant.submit(/\/look/);
  await until(() => expect(zoom.requests.count('next_page_token')).toBe(1));
  zoom.clock.advance(16 * 60_000);
  await until(async () => expect((await connectionOf('ben')).walk.fault).toBe('fault'));
  expect(await count()).toBe(before);
  zoom.faults.reset();
  await catalogue(assistant);
  await assistant.submit(/\/look/);
  await until(async () => expect(await count()).toBe(before + 301));
});

async function teacherId(): Promise<UserId> {
  const [userId] = (await connectionOf('ada')).holders;
  if (!userId) throw new Error('nobody holds it');
  return userId;
}
