import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';

let tool: Tool;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 300 } });
});

afterAll(() => tool.close());

beforeEach(() => {
  tool.sandbox.canvas.faults.reset();
  tool.sandbox.moodle.faults.reset();
});

describe.each(['canvas', 'moodle'] as const)('a launch from %s', (family) => {
  const lms = (): SandboxLms => tool.sandbox[family];

  it('leads a teacher to a channel that fills itself', async () => {
    const { id, cast, title } = lms().course('small');
    const teacher = await launchAs(tool, lms(), { courseId: id, personId: cast.instructor });
    expect(teacher.status).toBe(200);
    expect(teacher.text()).toContain(title);
    expect(teacher.text()).toContain('Your role here: Manager');
    await tool.settled();
    await teacher.get(teacher.url);
    const run = await tool.lastRun(channelIn(teacher.url));
    expect(run).toMatchObject({ state: 'applied', trigger: 'launch', members: 30 });
    expect((await tool.storage.memberships.countMembers(channelIn(teacher.url))).total).toBeGreaterThanOrEqual(29);
  });

  it('lets a student who launches in at once, and shows them no other name', async () => {
    const course = lms().course('small');
    const student = await launchAs(tool, lms(), { courseId: course.id, personId: course.cast.student });
    expect(student.status).toBe(200);
    expect(student.text()).toContain('Your role here: Member');
    await tool.settled();
    const names = [...(await membersOf(tool, channelIn(student.url)))].map((member) => member.person.name ?? '-');
    const others = names.filter((name) => name !== lms().findPerson(course.cast.student)?.givenName);
    expect(others.length).toBeGreaterThan(20);
    const own = [...(await membersOf(tool, channelIn(student.url)))].find((m) => m.subject === course.cast.student);
    for (const name of names.filter((one) => one !== own?.person.name)) expect(student.html).not.toContain(name);
    const channel = new URL(student.url).pathname;
    expect((await student.get(`${channel}/members`)).status).toBe(403);
    expect(student.html).not.toContain(names.find((one) => one !== own?.person.name));
  });

  it('makes one channel of many first launches at once', async () => {
    const course = lms().course('big');
    const students = [...course.enrolments.values()].filter((one) => one.state === 'active').slice(0, 20);
    const visitors = await Promise.all(
      students.map(({ person }) => launchAs(tool, lms(), { courseId: course.id, personId: person.id })),
    );
    expect(visitors.map((visitor) => visitor.status)).toEqual(Array(20).fill(200));
    expect(new Set(visitors.map((visitor) => channelIn(visitor.url))).size).toBe(1);
    await tool.settled();
    expect(await tool.storage.syncs.listSyncs(channelIn(visitors[0]!.url), 10)).toHaveLength(1);
  });

  it("ends an error of the LMS's on a page that says what to do, with an ID", async () => {
    const { id, cast } = lms().course('small');
    lms().faults.launchError = { error: 'launch_no_longer_valid', description: '<script>alert(1)</script>' };
    const visitor = await launchAs(tool, lms(), { courseId: id, personId: cast.student });
    expect(visitor.status).toBe(400);
    expect(visitor.html).not.toContain('alert(1)');
    expect(visitor.text()).toMatch(/open .* again|reload/i);
    const logged = tool.logged.findLast((line) => line.reason === 'platform-launch-expired');
    expect(visitor.text()).toContain(String(logged?.requestId));
  });

  it('follows the title of the LMS', async () => {
    const course = lms().course('small');
    const claims = {
      'https://purl.imsglobal.org/spec/lti/claim/context': { id: course.contextId, title: 'New title' },
    };
    const visitor = await launchAs(tool, lms(), {
      courseId: course.id,
      personId: course.cast.instructor,
      overrides: { claims },
    });
    expect(visitor.text()).toContain('New title');
  });

  it('says what to do about a deep-linking launch, and leads a launch outside a course to the person’s channels', async () => {
    const { id, cast } = lms().course('small');
    const as = { courseId: id, personId: cast.instructor };
    const linking = await launchAs(tool, lms(), { ...as, messageType: 'LtiDeepLinkingRequest' });
    expect(linking.status).toBe(400);
    expect(linking.text()).toContain('Open Rostrum from the course itself');
    const claims = { 'https://purl.imsglobal.org/spec/lti/claim/context': undefined };
    const outside = await launchAs(tool, lms(), { ...as, overrides: { claims } });
    expect(new URL(outside.url).pathname).toBe('/channels');
    expect(outside.text()).toContain('My channels');
  });

  it('lets an administrator without a course role manage for this launch, and nobody else without one', async () => {
    const { id, cast } = lms().course('small');
    const admin = await launchAs(tool, lms(), { courseId: id, personId: cast.admin, overrides: { anyone: true } });
    expect(admin.status).toBe(200);
    expect(admin.text()).toContain('Manager');
    const members = await membersOf(tool, channelIn(admin.url));
    expect(members.some((member) => member.subject === cast.admin)).toBe(false);
    const roles = ['http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student'];
    const claims = { 'https://purl.imsglobal.org/spec/lti/claim/roles': roles };
    const stranger = await launchAs(tool, lms(), { courseId: id, personId: cast.student, overrides: { claims } });
    expect(stranger.status).toBe(403);
    expect(stranger.text()).toContain('You have no role in this course');
  });
});

describe('a shared computer', () => {
  it('shows the next person nothing of the one before, and keeps the tabs of one person', async () => {
    const { canvas, moodle } = tool.sandbox;
    const { id, cast } = canvas.course('small');
    const browser = await launchAs(tool, canvas, { courseId: id, personId: cast.instructor });
    const first = browser.url;
    const big = canvas.course('big');
    await launchAs(tool, canvas, { courseId: big.id, personId: cast.instructor, visitor: browser });
    const second = browser.url;
    const elsewhere = moodle.course('small');
    await launchAs(tool, moodle, { courseId: elsewhere.id, personId: elsewhere.cast.student, visitor: browser });
    expect((await browser.get(first)).status).toBe(200);
    await launchAs(tool, canvas, { courseId: id, personId: cast.student, visitor: browser });
    const third = browser.url;
    expect([(await browser.get(first)).status, (await browser.get(second)).status]).toEqual([401, 401]);
    expect((await browser.get(first)).text()).toContain('Open the tool from your course again');
    expect((await browser.get(third)).text()).toContain('Your role here: Member');
    expect((await browser.get(new URL(third).pathname)).text()).toContain('Your role here: Member');
  });
});

describe('the frame of a page', () => {
  it('may be the platform’s and that of the page the launch came from, and the log names neither', async () => {
    const { canvas } = tool.sandbox;
    const { id, cast } = canvas.course('small');
    const presentation = { return_url: 'https://learn.school.test/courses/1/return?token=of-the-user' };
    const claims = { 'https://purl.imsglobal.org/spec/lti/claim/launch_presentation': presentation };
    const visitor = await launchAs(tool, canvas, { courseId: id, personId: cast.student, overrides: { claims } });
    const policy = visitor.headers.get('content-security-policy') ?? '';
    const ancestors = /frame-ancestors ([^;]*)/.exec(policy)?.[1]?.split(' ') ?? [];
    expect(ancestors).toContain(new URL(canvas.base).origin);
    expect(ancestors).toContain('https://learn.school.test');
    expect(JSON.stringify(tool.logged)).not.toContain('learn.school.test');
  });
});

describe('Canvas', () => {
  it('gives assistants, designers, observers and students who teach elsewhere their own level', async () => {
    const { canvas } = tool.sandbox;
    const { id, cast } = canvas.course('small');
    const levelOf = async (personId: string) =>
      /Your role here: (\w+)/.exec((await launchAs(tool, canvas, { courseId: id, personId })).text())?.[1];
    expect(await levelOf(cast.assistant)).toBe('Moderator');
    expect(await levelOf(cast.designer)).toBe('Contributor');
    expect(await levelOf(cast.observer)).toBe('Member');
    expect(await levelOf(cast.teachesElsewhere)).toBe('Member');
    expect(await levelOf(cast.invited)).toBe('Member');
    expect(await levelOf(cast.twoRoles)).toBe('Manager');
  });

  it('takes a token that was stamped five minutes ago, and turns an anonymous visitor away kindly', async () => {
    const { canvas } = tool.sandbox;
    const { id, cast } = canvas.course('small');
    canvas.faults.earlyIatMs = 5 * 60_000 - 5_000;
    expect((await launchAs(tool, canvas, { courseId: id, personId: cast.student })).status).toBe(200);
    const visitor = await launchAs(tool, canvas, {
      courseId: id,
      personId: cast.student,
      overrides: { anonymous: true },
    });
    expect(visitor.status).toBe(403);
    expect(visitor.text()).toContain('Sign in');
  });
});

describe('Moodle', () => {
  it('keeps a non-editing teacher manager although the roster says Learner', async () => {
    const { moodle } = tool.sandbox;
    const { id, cast } = moodle.course('small');
    const tutor = await launchAs(tool, moodle, { courseId: id, personId: cast.assistant });
    expect(tutor.text()).toContain('Your role here: Manager');
    const channelId = channelIn(tutor.url);
    await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
    await tool.settled();
    const member = (await membersOf(tool, channelId)).find((one) => one.subject === cast.assistant);
    expect(member).toMatchObject({ rosterLevel: 'member', launchLevel: 'manager', level: 'manager', active: true });
  });

  it('shows a teacher who switched the role to student what a student sees, in that tab', async () => {
    const { moodle } = tool.sandbox;
    const { id, cast } = moodle.course('small');
    const as = { courseId: id, personId: cast.instructor };
    const teacher = await launchAs(tool, moodle, as);
    const teacherUrl = teacher.url;
    await tool.settled();
    await launchAs(tool, moodle, { ...as, visitor: teacher, overrides: { switchedToStudent: true } });
    expect(teacher.text()).toContain('Your role here: Member');
    expect((await teacher.get(teacherUrl)).text()).toContain('Your role here: Manager');
  });

  it('stores names as people write them, not as Moodle escapes them', async () => {
    const { moodle } = tool.sandbox;
    const { id, cast } = moodle.course('small');
    moodle.roster.rename(cast.student, { givenName: 'Aoife & <b>', familyName: "O'Brien" });
    const visitor = await launchAs(tool, moodle, { courseId: id, personId: cast.instructor });
    const channelId = channelIn(visitor.url) as ChannelId;
    await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
    await tool.settled();
    const member = (await membersOf(tool, channelId)).find((one) => one.subject === cast.student);
    expect(member?.person.name).toBe("Aoife & <b> O'Brien");
    await visitor.get(`/channels/${channelId}/members?q=aoife`);
    expect(visitor.html).toContain('Aoife &amp; &lt;b&gt; O');
  });
});
