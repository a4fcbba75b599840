import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { createSyncSchedule } from '../../src/channels/sync-schedule.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 620 } });
});

afterAll(() => tool.close());

/** A teacher in the small course of an LMS whose roster is as it was at first and synced. */
async function freshCourse(lms: SandboxLms): Promise<{ teacher: Visitor; channelId: ChannelId; courseId: string }> {
  const { id, cast } = lms.course('small');
  lms.faults.reset();
  lms.roster.reset(id);
  const teacher = await launchAs(tool, lms, { courseId: id, personId: cast.instructor });
  const channelId = channelIn(teacher.url);
  await tool.settled();
  const run = await sync(channelId);
  if (run.state === 'held') {
    await tool.app.syncService.applyHeld(run.id, 'test');
    await tool.settled();
  }
  return { teacher, channelId, courseId: id };
}

async function sync(channelId: ChannelId): Promise<SyncRun> {
  const asked = await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
  await tool.settled();
  return (await tool.storage.syncs.findSync(asked!.run.id))!;
}

async function bySubject(channelId: ChannelId): Promise<Map<string, Membership>> {
  return new Map((await membersOf(tool, channelId)).map((member) => [member.subject, member]));
}

describe.each(['canvas', 'moodle'] as const)('a sync with %s', (family) => {
  const lms = (): SandboxLms => tool.sandbox[family];
  afterEach(() => lms().faults.reset());

  it('walks all pages of a large course', async () => {
    const { id, cast } = lms().course('big');
    const teacher = await launchAs(tool, lms(), { courseId: id, personId: cast.instructor });
    await tool.settled();
    const run = await tool.lastRun(channelIn(teacher.url));
    expect(run).toMatchObject({ state: 'applied', members: 620, pages: family === 'canvas' ? 13 : 1 });
    // Canvas lists its test student, who is not counted.
    const people = family === 'canvas' ? 619 : 620;
    expect(run.counts.added + run.counts.unchanged + run.counts.changed).toBe(people);
  });

  it('writes no membership when the roster says nothing new', async () => {
    const { channelId } = await freshCourse(lms());
    const before = await bySubject(channelId);
    const run = await sync(channelId);
    expect(run).toMatchObject({ state: 'applied', counts: { added: 0, changed: 0, deactivated: 0, reactivated: 0 } });
    expect(await bySubject(channelId)).toEqual(before);
  });

  it('brings who joined, deactivates who left with everything kept, and takes them back', async () => {
    const { channelId, courseId } = await freshCourse(lms());
    const { cast } = lms().course('small');
    const joined = lms().roster.add(courseId);
    lms().roster.remove(courseId, cast.student);
    const run = await sync(channelId);
    expect(run.counts).toMatchObject({ added: 1, deactivated: 1 });
    expect((await bySubject(channelId)).get(joined.id)).toMatchObject({ level: 'member', active: true });
    const left = (await bySubject(channelId)).get(cast.student);
    expect(left).toMatchObject({ active: false, inactiveReason: 'departed' });
    lms().roster.add(courseId, { personId: cast.student });
    expect((await sync(channelId)).counts.reactivated).toBe(1);
    expect((await bySubject(channelId)).get(cast.student)?.active).toBe(true);
  });

  it('shuts a departed student out of the open page, and a new launch with a course role lets them in', async () => {
    const { channelId, courseId } = await freshCourse(lms());
    const { cast } = lms().course('small');
    const student = await launchAs(tool, lms(), { courseId, personId: cast.student });
    lms().roster.remove(courseId, cast.student);
    await sync(channelId);
    expect((await student.get(student.url)).status).toBe(403);
    const claims = {
      'https://purl.imsglobal.org/spec/lti/claim/roles': ['http://purl.imsglobal.org/vocab/lis/v2/membership#Learner'],
    };
    const overrides = { anyone: true, claims };
    await launchAs(tool, lms(), { courseId, personId: cast.student, visitor: student, overrides });
    expect((await student.get(student.url)).status).toBe(200);
  });

  it('holds what looks like an accident until a manager applies it, once', async () => {
    const { teacher, channelId, courseId } = await freshCourse(lms());
    const before = await bySubject(channelId);
    lms().roster.shrink(courseId, 0.5);
    const run = await sync(channelId);
    expect(run).toMatchObject({ state: 'held', reason: 'too-many-removals' });
    expect(await bySubject(channelId)).toEqual(before);

    await teacher.get(teacher.url);
    expect(teacher.text()).toMatch(/would lose|lose access/i);
    await teacher.submit(new RegExp(`/syncs/${run.id}/apply`));
    await tool.settled();
    expect(await tool.storage.syncs.findSync(run.id)).toMatchObject({ state: 'applied', reason: null });
    const active = [...(await bySubject(channelId)).values()].filter((member) => member.active);
    expect(active.length).toBeLessThan(before.size - run.counts.deactivated + 1);
    const again = await tool.app.syncService.applyHeld(run.id, 'user:somebody');
    expect(again).toEqual({ ok: false, reason: 'not-held' });
  });

  it('holds an empty roster, forgets it when discarded, and lets a newer good roster supersede it', async () => {
    const { teacher, channelId, courseId } = await freshCourse(lms());
    lms().roster.setEmpty(courseId, true);
    const first = await sync(channelId);
    expect(first).toMatchObject({ state: 'held', reason: 'empty-roster' });
    await teacher.get(teacher.url);
    await teacher.submit(new RegExp(`/syncs/${first.id}/discard`));
    expect(await tool.storage.syncs.findSync(first.id)).toMatchObject({ state: 'discarded', reason: 'by-hand' });
    expect(teacher.text()).toContain('Would lose access');
    expect(teacher.text()).not.toContain('Lost access');
    const second = await sync(channelId);
    lms().roster.setEmpty(courseId, false);
    expect((await sync(channelId)).state).toBe('applied');
    expect(await tool.storage.syncs.findSync(second.id)).toMatchObject({ state: 'discarded', reason: 'superseded' });
  });

  it.each([
    ['server-error', { status: { code: 503, times: 99 } }],
    ['bad-answer', { badJson: true }],
    ['other-context', { otherContext: true }],
    ['not-authorised', { unauthorized: 99 }],
    ['scope-not-granted', { scopeNotGranted: true }],
  ] as const)('fails as %s and changes nothing', async (reason, fault) => {
    const { channelId, courseId } = await freshCourse(lms());
    lms().roster.add(courseId);
    const before = await bySubject(channelId);
    lms().dropTokens();
    await tool.app.engine.dropAccessToken((await platformOf(lms()))!);
    Object.assign(lms().faults, fault);
    expect(await sync(channelId)).toMatchObject({ state: 'failed', reason });
    expect(await bySubject(channelId)).toEqual(before);
  });

  it('goes on after a token was dropped, and after a passing fault', async () => {
    const { channelId } = await freshCourse(lms());
    lms().faults.unauthorized = 1;
    expect((await sync(channelId)).state).toBe('applied');
    lms().faults.status = { code: 502, times: 1 };
    expect((await sync(channelId)).state).toBe('applied');
  });
});

function platformOf({ registration }: SandboxLms) {
  return tool.storage.platforms.findPlatformByClient(registration.issuer, registration.clientId);
}

describe('a sync with Canvas', () => {
  it.each([
    ['page-loop', { pageLoop: true }],
    ['foreign-link', { foreignNext: true }],
  ] as const)('stops at a %s and sends no token there', async (reason, fault) => {
    const { canvas } = tool.sandbox;
    const { id, cast } = canvas.course('big');
    const teacher = await launchAs(tool, canvas, { courseId: id, personId: cast.instructor });
    await tool.settled();
    const before = await bySubject(channelIn(teacher.url));
    Object.assign(canvas.faults, fault);
    expect(await sync(channelIn(teacher.url))).toMatchObject({ state: 'failed', reason });
    expect(canvas.requests.foreignWithToken).toBe(0);
    expect(await bySubject(channelIn(teacher.url))).toEqual(before);
    canvas.faults.reset();
  });

  it('waits when Canvas throttles and then finishes', async () => {
    const { canvas } = tool.sandbox;
    const { channelId } = await freshCourse(canvas);
    canvas.faults.throttle = { kind: '429-retry-after', times: 1, retryAfterSeconds: 1 };
    expect((await sync(channelId)).state).toBe('applied');
  });
});

describe('the schedule', () => {
  it('asks for syncs of visited channels whose last run is older than the interval, and of no others', async () => {
    const { channelId } = await freshCourse(tool.sandbox.canvas);
    const { syncs } = tool.storage;
    const { syncService, jobs } = tool.app;
    const { signal } = new AbortController();
    const job = { id: 'round', signal, log: pino({ level: 'silent' }), progress: async () => {} };
    const round = (now: number) =>
      createSyncSchedule({
        ...{ syncs, syncService, jobs, random: systemRandom, intervalMs: 3_600_000 },
        clock: () => now,
      }).run({}, job);
    const before = await tool.lastRun(channelId);
    await round(Date.now());
    expect(await tool.lastRun(channelId)).toEqual(before);

    const later = Date.now() + 3_700_000;
    await round(later);
    const queued = await tool.lastRun(channelId);
    expect(queued).toMatchObject({ trigger: 'schedule', state: 'queued', notBefore: expect.any(Number) });
    // At some moment of the next tenth of the interval; whoever asks meanwhile does not wait for it.
    expect(queued.notBefore).toBeGreaterThanOrEqual(later);
    expect(queued.notBefore).toBeLessThan(later + 360_000);
    const asked = await syncService.request({ channelId, trigger: 'button', requestedBy: null });
    expect(asked).toMatchObject({ created: false, run: { id: queued.id, notBefore: null } });
    await tool.settled();
    expect(await tool.lastRun(channelId)).toMatchObject({ id: queued.id, trigger: 'button', state: 'applied' });
    const month = 31 * 24 * 3_600_000;
    expect(
      await syncs.channelsDueForSync({ launchedSince: Date.now() + month, askedBefore: Infinity, limit: 9 }),
    ).toEqual([]);
  });
});

describe('a channel asked to sync by many at once', () => {
  it('has one run', async () => {
    const { channelId } = await freshCourse(tool.sandbox.canvas);
    tool.sandbox.canvas.faults.slowMs = 50;
    const asked = await Promise.all(
      Array.from({ length: 20 }, () => tool.app.syncService.request({ channelId, trigger: 'api', requestedBy: null })),
    );
    expect(new Set(asked.map((one) => one!.run.id)).size).toBe(1);
    expect(asked.filter((one) => one!.created)).toHaveLength(1);
    await tool.settled();
  });
});
