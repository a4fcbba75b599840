import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { Membership } from '../../src/channels/membership.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import type { SandboxFaults } from '../../src/sandbox/faults.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

const TEXTS = JSON.parse(readFileSync('locales/en.json', 'utf8')) as {
  reasons: Record<string, { what?: string; what_other?: string; next: string }>;
};

let tool: Tool;
/** What the walks were to wait, in milliseconds; nobody waits here. */
let waits: number[] = [];
/** While there is one, walks that pause wait for it. */
let gate: Promise<void> | null = null;

beforeAll(async () => {
  tool = await startTool({
    sandbox: { bigCourseSize: 620 },
    walking: {
      async sleep(ms) {
        waits.push(ms);
        await gate;
      },
      limits: { pageTimeoutMs: 1_000, pages: 30 },
    },
  });
});
afterAll(() => tool.close());
afterEach(() => {
  waits = [];
  for (const family of ['canvas', 'moodle'] as const) tool.sandbox[family].faults.reset();
});

async function sync(channelId: ChannelId): Promise<SyncRun> {
  const asked = await tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
  await tool.settled();
  return (await tool.storage.syncs.findSync(asked!.run.id))!;
}

async function openCourse(lms: SandboxLms, key: 'small' | 'big'): Promise<{ teacher: Visitor; channelId: ChannelId }> {
  const { id, cast } = lms.course(key);
  const teacher = await launchAs(tool, lms, { courseId: id, personId: cast.instructor });
  await tool.settled();
  return { teacher, channelId: channelIn(teacher.url) };
}

/** With the launch's own marks, which are no matter of the roster, left out. */
async function members(channelId: ChannelId): Promise<Membership[]> {
  return (await membersOf(tool, channelId)).toSorted((a, b) => a.subject.localeCompare(b.subject));
}

type Fault = Partial<SandboxFaults>;
const cases: [string, 'canvas' | 'moodle', 'small' | 'big', Fault, Pick<SyncRun, 'state' | 'reason'>][] = [
  ['accepts and never answers', 'canvas', 'small', { spoilt: 'stall' }, { state: 'failed', reason: 'timeout' }],
  ['sends a byte a second', 'moodle', 'small', { spoilt: 'drip' }, { state: 'failed', reason: 'timeout' }],
  ['cuts its third page', 'canvas', 'big', { cutPage: 3 }, { state: 'failed', reason: 'unreachable' }],
  ['cuts its only page', 'moodle', 'big', { cutPage: 1 }, { state: 'failed', reason: 'unreachable' }],
  ['stops half-way', 'canvas', 'big', { badJson: true }, { state: 'failed', reason: 'bad-answer' }],
  ['tells too short a length', 'moodle', 'big', { spoilt: 'short-length' }, { state: 'failed', reason: 'bad-answer' }],
  ['sends its login page', 'moodle', 'small', { spoilt: 'login-page' }, { state: 'failed', reason: 'bad-answer' }],
  ['leads to its login', 'canvas', 'small', { spoilt: 'login-redirect' }, { state: 'failed', reason: 'bad-answer' }],
  ['links to another origin', 'canvas', 'big', { foreignNext: true }, { state: 'failed', reason: 'foreign-link' }],
  ['links back to its first page', 'canvas', 'big', { pageLoop: true }, { state: 'failed', reason: 'page-loop' }],
  ['has pages without end', 'canvas', 'big', { endless: true }, { state: 'failed', reason: 'too-many-pages' }],
  ['sends another course', 'moodle', 'small', { otherContext: true }, { state: 'failed', reason: 'other-context' }],
  ['names nobody', 'canvas', 'small', { spoilt: 'no-user-ids' }, { state: 'held', reason: 'empty-roster' }],
  ['has lost most people', 'moodle', 'big', { shrunk: 0.7 }, { state: 'held', reason: 'too-many-removals' }],
  [
    'wants to be left alone for ten minutes',
    'canvas',
    'big',
    { throttle: { kind: '429-retry-after', times: 9, retryAfterSeconds: 600 } },
    { state: 'failed', reason: 'throttled' },
  ],
  [
    'refuses by 403 for a quarter of an hour',
    'canvas',
    'small',
    { throttle: { kind: 'canvas-403', times: 1_000 } },
    { state: 'failed', reason: 'throttled' },
  ],
];

describe('a roster of an LMS that', () => {
  it.each(cases)(
    '%s changes nothing, says why, and the next sync is applied (%s, %s)',
    async (...[, family, key, fault, end]) => {
      const lms = tool.sandbox[family];
      const { teacher, channelId } = await openCourse(lms, key);
      expect((await sync(channelId)).state).toBe('applied');
      const joined = lms.roster.add(lms.course(key).id);
      const before = await members(channelId);

      Object.assign(lms.faults, fault);
      const run = await sync(channelId);
      expect(run).toMatchObject(end);
      expect(await members(channelId)).toEqual(before);
      await teacher.get(`/channels/${channelId}/syncs/${run.id}`);
      expect(teacher.status).toBe(200);
      const { what, what_other: others, next } = TEXTS.reasons[end.reason ?? '']!;
      const { deactivated } = run.counts;
      expect(teacher.text()).toContain(what ?? others?.replace('{{number}}', `${deactivated}`));
      if (end.state === 'failed') expect(teacher.text()).toContain(next);

      lms.faults.reset();
      expect(await sync(channelId)).toMatchObject({ state: 'applied', reason: null });
      const after = await members(channelId);
      expect(after.filter(({ subject }) => subject === joined.id)).toMatchObject([{ active: true, level: 'member' }]);
      expect(after.filter(({ subject }) => subject !== joined.id)).toEqual(before);
    },
  );

  it('throttles for minutes is waited for, as long as it asks, and then read whole', async () => {
    const { canvas } = tool.sandbox;
    const { channelId } = await openCourse(canvas, 'big');
    const joined = canvas.roster.add(canvas.course('big').id);
    canvas.faults.throttle = { kind: '429-retry-after', times: 4, retryAfterSeconds: 180 };
    expect(await sync(channelId)).toMatchObject({ state: 'applied' });
    expect(waits).toEqual([180_000, 180_000, 180_000, 180_000]);
    expect((await members(channelId)).some(({ subject }) => subject === joined.id)).toBe(true);
  });
});

describe('while an LMS stalls', () => {
  it('rosters of others are read, and pages are answered, its own among them', async () => {
    const { canvas, moodle } = tool.sandbox;
    const stalled = [await openCourse(canvas, 'small'), await openCourse(canvas, 'big')];
    const other = await openCourse(moodle, 'big');
    canvas.faults.spoilt = 'stall';
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const ask = (channelId: ChannelId) =>
      tool.app.syncService.request({ channelId, trigger: 'button', requestedBy: null });
    const waiting = await Promise.all(stalled.map(({ channelId }) => ask(channelId)));

    const joined = moodle.roster.add(moodle.course('big').id);
    const free = (await ask(other.channelId))!.run;
    const stateOf = async () => (await tool.storage.syncs.findSync(free.id))?.state;
    await expect.poll(stateOf, { timeout: 30_000 }).toBe('applied');
    expect((await members(other.channelId)).some(({ subject }) => subject === joined.id)).toBe(true);
    for (const { teacher } of [...stalled, other]) expect((await teacher.get(teacher.url)).status).toBe(200);
    const again = await openCourseNow(canvas);
    expect(again.status).toBe(200);
    for (const asked of waiting) {
      expect(await tool.storage.syncs.findSync(asked!.run.id)).toMatchObject({ state: 'running', phase: 'fetching' });
    }
    open();
    gate = null;
    await tool.settled();
    for (const asked of waiting) {
      expect(await tool.storage.syncs.findSync(asked!.run.id)).toMatchObject({ state: 'failed', reason: 'timeout' });
    }
  });
});

/** A launch that does not wait for syncs. */
function openCourseNow(lms: SandboxLms): Promise<Visitor> {
  const { id, cast } = lms.course('small');
  return launchAs(tool, lms, { courseId: id, personId: cast.student });
}
