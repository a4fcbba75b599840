import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import { SEEDED_MEETINGS } from '../../src/sandbox/zoom/meeting-seed.ts';
import type { MeetingLink } from '../../src/zoom/meeting-link.ts';
import { sameOrigin, saveSettings, settingsFields, tokenOf, withAs } from '../support/settings-form.ts';
import { channelIn, launchAs, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';
import { connectZoom } from '../support/zoom-account.ts';

let tool: Tool;
let id: ChannelId;
let bigId: ChannelId;
let people: Record<'teacher' | 'assistant' | 'student' | 'administrator', Visitor>;
let now = Date.now();

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 20 }, clock: () => now });
  const { canvas } = tool.sandbox;
  const { id: courseId, cast } = canvas.course('small');
  const enter = (personId: string) => launchAs(tool, canvas, { courseId, personId });
  people = {
    teacher: await enter(cast.instructor),
    assistant: await enter(cast.assistant),
    student: await enter(cast.student),
    administrator: await launchAs(tool, canvas, { courseId, personId: cast.admin }),
  };
  id = channelIn(people.teacher.url);
  const big = await launchAs(tool, canvas, { courseId: canvas.course('big').id, personId: cast.instructor });
  bigId = channelIn(big.url);
  await tool.settled();
});

afterAll(() => tool.close());

const root = () => `/channels/${id}/meetings`;

async function page(visitor: Visitor, path = root()): Promise<Visitor> {
  return visitor.get(withAs(visitor, path));
}

async function send(visitor: Visitor, path: string, fields: Record<string, string>): Promise<Visitor> {
  return visitor.post(withAs(visitor, path), { _csrf: tokenOf(visitor), ...fields }, sameOrigin(visitor));
}

/** Pastes a text and, where it leads to the form of a meeting, links it with `changes`. */
async function paste(visitor: Visitor, text: string): Promise<Visitor> {
  await page(visitor, `${root()}/add`);
  return visitor.submit(/\/add\/look/, { text });
}

/** Sends the form of the present page with `changes`; null leaves a field out. */
async function sendForm(visitor: Visitor, changes: Record<string, string | null> = {}): Promise<Visitor> {
  const action = visitor.forms().find((form) => 'name' in form.fields)?.action ?? '';
  const fields = Object.entries({ ...settingsFields(visitor), ...changes });
  const sent = Object.fromEntries(fields.filter((field): field is [string, string] => field[1] !== null));
  return visitor.post(action, sent, sameOrigin(visitor));
}

async function links(channelId = id): Promise<MeetingLink[]> {
  return tool.storage.meetingLinks.linksOfChannel(channelId);
}

async function linkOf(number: string, channelId = id): Promise<MeetingLink> {
  const found = (await links(channelId)).find((link) => link.number === number);
  if (!found) throw new Error(`${number} is not linked`);
  return found;
}

async function putRecorded(number: string, topic: string): Promise<void> {
  const { id: zoomUserId } = tool.sandbox.zoom.user('ada');
  const connection = await tool.storage.connections.findConnectionOfZoomUser(zoomUserId);
  if (!connection) throw new Error('nobody is connected');
  await tool.storage.catalogue.putEntries([
    {
      ...{
        connectionId: connection.id,
        meetingUuid: `${number}==`,
        number,
        topic,
        startedAt: now - 9e9,
        timeZone: 'UTC',
      },
      ...{ durationMs: 1, bytes: 1, media: 'video', hasTranscript: false, hasChat: false, processing: false },
      ...{ deletesOn: null, seenAt: now },
    },
  ]);
}

describe('meetings of a channel', () => {
  it('can be linked without a Zoom account, as not verified: to be joined and nothing more', async () => {
    const { teacher, student } = people;
    await paste(teacher, 'https://us02web.zoom.us/j/98765432101?pwd=hush-hush');
    expect(teacher.url).not.toContain('hush');
    expect(teacher.text()).toContain('Your Zoom account is not connected');
    expect(teacher.html).not.toMatch(/name="(mode|video|visibility)"/);
    await sendForm(teacher, { name: 'Guest lecture', mode: 'automatic', verify: 'no' });
    expect(teacher.text()).toContain('linked as not verified');
    expect(await linkOf('98765432101')).toMatchObject({
      connectionId: null,
      name: 'Guest lecture',
      mode: 'ask',
      joinUrl: 'https://us02web.zoom.us/j/98765432101',
    });
    await page(student);
    expect(student.text()).toContain('Guest lecture Not verified');
    expect(student.html).toMatch(
      /href="https:\/\/us02web\.zoom\.us\/j\/98765432101"[^>]*target="_blank" rel="noopener"/,
    );
    for (const path of ['', '/add', `/${(await linkOf('98765432101')).id}`]) {
      const seen = (await page(student, `${root()}${path}`)).html;
      expect(seen).not.toMatch(/<form|Link a meeting|Settings/);
    }
    expect(JSON.stringify(tool.logged)).not.toContain('hush');
  });

  it('say what is wrong with a text that cannot be read, and keep it', async () => {
    const { teacher } = people;
    await paste(teacher, 'https://zoom.us/rec/share/abc');
    expect(teacher.status).toBe(422);
    expect(teacher.text()).toContain('This is the link of a recording');
    expect(teacher.html).toContain('https://zoom.us/rec/share/abc</textarea>');
    expect((await paste(teacher, 'https://zoom.us/my/ada.ferreira')).text()).toContain(
      'A personal link holds no number',
    );
  });

  it('are picked from the person’s meetings, recorded ones and personal room, once their account is connected', async () => {
    const { teacher } = people;
    await connectZoom(teacher, 'ada');
    await putRecorded('84444444444', 'Field trip of last spring');
    await page(teacher, `${root()}/add`);
    const said = teacher.text();
    const titles = ['Biology 101: weekly lecture', 'Exam review', 'Field trip of last spring', 'Your personal room'];
    expect(titles.map((title) => said.split(title).length - 1)).toEqual([1, 1, 1, 1]);
    expect(said).not.toContain('Chemistry seminar');
  });

  it('are verified with Zoom, and the student sees when they are, in their own zone', async () => {
    const { teacher, student } = people;
    await page(teacher, `${root()}/add?number=${SEEDED_MEETINGS.lecture}`);
    expect(settingsFields(teacher)).toMatchObject({
      mode: 'automatic',
      video: 'on',
      visibility: 'published',
      verify: 'yes',
    });
    expect(settingsFields(teacher)).not.toHaveProperty('chat');
    await sendForm(teacher);
    expect(teacher.text()).toContain('The meeting is linked.');
    const link = await linkOf(SEEDED_MEETINGS.lecture);
    expect(link).toMatchObject({ topic: 'Biology 101: weekly lecture', kind: 'recurring', inZoom: 'known' });
    expect(link.joinUrl).not.toContain('pwd');
    const [next] = link.times;
    expect(next?.startsAt).toBeGreaterThan(now);
    await page(student);
    expect(student.html).toContain(new Date(next?.startsAt ?? 0).toISOString());
    expect(student.text()).not.toContain('come in by themselves');
    await page(student, `/channels/${id}`);
    expect(student.text()).toContain('Biology 101: weekly lecture');
    expect(await page(teacher, `${root()}/add`).then((seen) => seen.text())).toContain('weekly lecture Linked here');
  });

  it('are asked about when recordings could go to two channels', async () => {
    const { teacher } = people;
    const { canvas } = tool.sandbox;
    const { id: courseId } = canvas.course('big');
    const { instructor } = canvas.course('small').cast;
    await launchAs(tool, canvas, { courseId, personId: instructor, visitor: teacher });
    await teacher.get(withAs(teacher, `/channels/${bigId}/meetings/add?number=${SEEDED_MEETINGS.lecture}`));
    await sendForm(teacher, { from: '2026-09-01' });
    expect(teacher.status).toBe(409);
    expect(teacher.text()).toContain('These days are linked elsewhere too');
    expect(await links(bigId)).toEqual([]);
    expect(settingsFields(teacher)).toMatchObject({ from: '2026-09-01' });
    await sendForm(teacher);
    expect(await links(bigId)).toMatchObject([{ number: SEEDED_MEETINGS.lecture, from: '2026-09-01' }]);
    const [link] = await links(bigId);
    await teacher.get(withAs(teacher, `/channels/${bigId}/meetings/${link?.id}`));
    await sendForm(teacher, { until: '2026-08-01' });
    expect(teacher.text()).toContain('The last day is before the first.');
    await sendForm(teacher, { until: '2026-12-24' });
    expect(await links(bigId)).toMatchObject([{ from: '2026-09-01', until: '2026-12-24' }]);
  });

  it('of another host are refused with what to do, and expired ones with recordings are not', async () => {
    const { teacher } = people;
    await launchAs(tool, tool.sandbox.canvas, {
      courseId: tool.sandbox.canvas.course('small').id,
      personId: tool.sandbox.canvas.course('small').cast.instructor,
      visitor: teacher,
    });
    await send(teacher, `${root()}/add`, {
      number: SEEDED_MEETINGS.seminar,
      verify: 'yes',
      name: '',
      mode: 'automatic',
      video: 'on',
    });
    expect(teacher.status).toBe(422);
    expect(teacher.text()).toMatch(/Somebody else hosts this meeting|Zoom does not know this as a meeting of yours/);
    expect((await links()).map(({ number }) => number)).not.toContain(SEEDED_MEETINGS.seminar);
    await page(teacher, `${root()}/add?number=${SEEDED_MEETINGS.lastYear}`);
    expect(teacher.text()).toContain('it has its recordings');
    await sendForm(teacher);
    expect(await linkOf(SEEDED_MEETINGS.lastYear)).toMatchObject({ inZoom: 'gone' });
    await paste(teacher, 'https://zoom.us/my/somebody.else');
    expect(teacher.text()).toContain('not known to be yours');
    await paste(teacher, 'https://zoom.us/my/Ada.Ferreira?pwd=hush-hush');
    expect(settingsFields(teacher).number).toBe(tool.sandbox.zoom.user('ada').pmi);
    expect(settingsFields(teacher)).toMatchObject({ mode: 'ask', visibility: 'hidden' });
    expect(teacher.text()).toContain('mixes meetings of all kinds');
  });

  it('can be verified later, by the host alone', async () => {
    const { teacher } = people;
    await page(teacher, `${root()}/add?number=98765432101`);
    expect(teacher.text()).toContain('linked here already');
    const other = await linkOf('98765432101');
    await send(teacher, `${root()}/${other.id}/verify`, {});
    expect(teacher.status).toBe(422);
    expect(await linkOf('98765432101')).toEqual(other);
    const { review } = SEEDED_MEETINGS;
    await send(teacher, `${root()}/add`, { number: review, verify: 'no', name: 'Review' });
    const plain = await linkOf(review);
    await page(teacher, `${root()}/${plain.id}`);
    await teacher.submit(/\/verify/);
    expect(teacher.text()).toContain('verified as yours');
    expect(await linkOf(review)).toMatchObject({ topic: 'Exam review', name: 'Review', mode: 'ask' });
    expect((await linkOf(review)).connectionId).not.toBeNull();
  });

  it('are kept in order by moderators, who never bring in more of another person’s account', async () => {
    const { assistant } = people;
    const link = await linkOf(SEEDED_MEETINGS.lecture);
    await page(assistant, `${root()}/${link.id}`);
    expect(assistant.html).not.toMatch(/name="(video|visibility)"/);
    await sendForm(assistant, { name: 'Lecture', chat: 'on', visibility: 'hidden', until: '2027-02-01' });
    expect(await linkOf(link.number)).toMatchObject({
      name: 'Lecture',
      until: '2027-02-01',
      mode: 'automatic',
      bring: { chat: false },
      visibility: 'published',
    });
    await page(assistant, `${root()}/${link.id}`);
    await sendForm(assistant, { until: '' });
    expect(await linkOf(link.number)).toMatchObject({ until: null, mode: 'ask' });
    await page(assistant, `${root()}/${link.id}`);
    await sendForm(assistant, { mode: 'automatic' });
    expect((await linkOf(link.number)).mode).toBe('ask');
    await page(assistant, `/channels/${id}/activity`);
    expect(assistant.text()).toContain('changed the meeting Lecture (812 3456 7890)');
  });

  it('tell the later of two what the other saved', async () => {
    const { teacher, assistant } = people;
    const { id: linkId, number } = await linkOf(SEEDED_MEETINGS.lecture);
    await page(teacher, `${root()}/${linkId}`);
    await page(assistant, `${root()}/${linkId}`);
    await sendForm(assistant, { name: 'By the assistant' });
    await sendForm(teacher, { name: 'By the teacher' });
    expect(teacher.status).toBe(409);
    expect(teacher.text()).toContain('Somebody else changed this meeting');
    expect((await linkOf(number)).name).toBe('By the assistant');
  });

  it('are refreshed beside the page, which says so when Zoom does not answer', async () => {
    const { teacher } = people;
    const { number } = await linkOf(SEEDED_MEETINGS.lecture);
    const { zoom } = tool.sandbox;
    zoom.faults.api = { kind: 'unavailable', on: `/meetings/${number}` };
    now += 16 * 60_000;
    const before = await linkOf(number);
    await page(teacher);
    await expect.poll(async () => (await page(teacher)).text(), { timeout: 30_000 }).toContain('Shown as of');
    expect(await linkOf(number)).toEqual(before);
    zoom.faults.reset();
    const meeting = zoom.meetings.get(number);
    if (meeting) meeting.topic = 'Biology 102';
    now += 16 * 60_000;
    await page(teacher);
    await expect.poll(async () => (await linkOf(number)).topic).toBe('Biology 102');
    await expect.poll(async () => (await page(teacher)).text()).not.toContain('Shown as of');
  });

  it('are out of a student’s reach by any URL, and an administrator’s stay unverified', async () => {
    const { student, administrator } = people;
    const link = await linkOf(SEEDED_MEETINGS.lecture);
    const before = await links();
    for (const path of ['/add', `/add?number=12345678901`, `/${link.id}`, `/${link.id}/remove`]) {
      expect((await page(student, `${root()}${path}`)).status).toBe(403);
    }
    const form = { number: '12345678901', verify: 'no', text: '12345678901', name: 'x', was: '{}', mode: 'automatic' };
    for (const path of ['/add', '/add/look', `/${link.id}`, `/${link.id}/verify`, `/${link.id}/remove`]) {
      expect((await send(student, `${root()}${path}`, form)).status).toBe(403);
    }
    expect((await page(people.teacher, `/channels/${bigId}/meetings/${link.id}`)).status).toBe(404);
    expect(await links()).toEqual(before);
    await send(administrator, `${root()}/add`, { ...form, verify: 'yes', video: 'on' });
    expect(administrator.status).toBe(422);
    await send(administrator, `${root()}/add`, form);
    expect((await linkOf('12345678901')).connectionId).toBeNull();
  });

  it('lose what Zoom told when the connection ends, and are removed with what was imported left', async () => {
    const { teacher } = people;
    await teacher.get(withAs(teacher, '/zoom/disconnect'));
    await teacher.submit(/\/zoom\/disconnect/);
    expect(await linkOf(SEEDED_MEETINGS.lecture)).toMatchObject({
      connectionId: null,
      topic: null,
      times: [],
      mode: 'ask',
    });
    const link = await linkOf(SEEDED_MEETINGS.review);
    await page(teacher, `${root()}/${link.id}/remove`);
    await teacher.submit(/\/remove/);
    expect(teacher.text()).toContain('Recordings that came in already stay.');
    expect((await links()).map(({ id: one }) => one)).not.toContain(link.id);
  });

  it('are linked by students where everybody may contribute, and by the LMS’s test student never', async () => {
    const { teacher, student } = people;
    await saveSettings(teacher, id, { contributionPolicy: 'everyone' });
    await send(student, `${root()}/add`, { number: '22233344455', verify: 'no', name: 'Study group' });
    expect(await linkOf('22233344455')).toMatchObject({ name: 'Study group', connectionId: null });
    const link = await linkOf(SEEDED_MEETINGS.lecture);
    expect((await send(student, `${root()}/${link.id}/remove`, {})).status).toBe(403);
    const { id: courseId, cast } = tool.sandbox.canvas.course('small');
    const test = await launchAs(tool, tool.sandbox.canvas, { courseId, personId: cast.testStudent });
    expect((await send(test, `${root()}/add`, { number: '33344455566', verify: 'no' })).status).toBe(403);
    expect((await page(test)).html).not.toContain('/meetings/add');
    expect(await linkOf(SEEDED_MEETINGS.lecture)).toEqual(link);
  });
});
