import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { ChannelId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { databaseAddress } from '../../src/config/places.ts';
import { openStorage } from '../../src/storage/open.ts';
import { ON_MONGO } from '../support/test-database.ts';
import { channelIn, launchAs, membersOf, startTool, type Tool } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

let tool: Tool;
/** How far the tool's clock is ahead, in milliseconds. */
let ahead = 0;
const clock = () => Date.now() + ahead;
/** While there is one, walks that pause wait for it; else nobody waits. */
let gate: Promise<void> | null = null;
/** What a process of its own would be, where there may be several. */
let second: Pick<Tool['app'], 'close'> | null = null;

const walking = {
  async sleep() {
    await gate;
  },
  limits: { pageTimeoutMs: 1_000, retries: 1 },
};

beforeAll(async () => {
  tool = await startTool({ sandbox: { bigCourseSize: 60 }, clock, walking });
  second = ON_MONGO ? await startSecond() : null;
});
afterAll(async () => {
  await second?.close();
  await tool.close();
});

async function startSecond(): Promise<Pick<Tool['app'], 'close'>> {
  const { config, secrets } = tool;
  const opened = await openStorage(databaseAddress(config, secrets));
  if (!opened.ok) throw new Error(opened.reason);
  const log = pino({ level: 'silent' });
  const worker = { ...config, role: 'worker' as const, port: 0 };
  const app = await createApp({ config: worker, secrets, storage: opened.value, log, clock, walking });
  await app.listen();
  await app.startWork();
  return app;
}

type Opened = { channelId: ChannelId; teacher: Visitor };

async function openCourse(family: 'canvas' | 'moodle', key: 'small' | 'big'): Promise<Opened> {
  const lms = tool.sandbox[family];
  const { id, cast } = lms.course(key);
  const teacher = await launchAs(tool, lms, { courseId: id, personId: cast.instructor });
  return { channelId: channelIn(teacher.url), teacher };
}

async function expectSoon({ channelId }: Opened, like: Partial<SyncRun>): Promise<void> {
  await expect.poll(() => tool.lastRun(channelId), { timeout: 60_000 }).toMatchObject(like);
}

/** As if the time had come for what was put off. */
async function letPausePass({ channelId }: Opened): Promise<void> {
  const { notBefore } = await tool.lastRun(channelId);
  ahead += Math.max(0, (notBefore ?? 0) - clock());
}

describe('an LMS that does not answer', () => {
  it('holds its own lanes alone, and what a launch asked for is tried again when it is back', async () => {
    const { faults, requests, course } = tool.sandbox.canvas;
    const known = await openCourse('canvas', 'small');
    await expectSoon(known, { state: 'applied' });
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    requests.reset();
    faults.spoilt = 'stall';
    await tool.app.syncService.request({ channelId: known.channelId, trigger: 'button', requestedBy: null });
    const fresh = await openCourse('canvas', 'big');
    await expect.poll(() => requests.rosterPages, { timeout: 30_000 }).toBe(2);
    for (const key of ['small', 'big'] as const) {
      const other = await openCourse('moodle', key);
      await expectSoon(other, { state: 'applied' });
      expect(await membersOf(tool, other.channelId)).toHaveLength(tool.sandbox.moodle.course(key).size);
    }
    for (const held of [known, fresh]) await expectSoon(held, { state: 'running', phase: 'fetching' });

    open();
    gate = null;
    await expectSoon(known, { state: 'failed', reason: 'timeout' });
    await expectSoon(fresh, { state: 'queued', reason: 'timeout', tries: 1 });
    expect((await fresh.teacher.get(fresh.teacher.url)).status).toBe(200);
    faults.reset();
    await letPausePass(fresh);
    await expectSoon(fresh, { state: 'applied', reason: null, tries: 1, restarts: 0 });
    expect(await membersOf(tool, fresh.channelId)).toHaveLength(course('big').size);
    expect(await tool.storage.syncs.listSyncs(fresh.channelId, 10)).toHaveLength(1);
  }, 120_000);

  it('loses nothing of what the schedule asked for', async () => {
    const { faults, roster, course } = tool.sandbox.moodle;
    const opened = await openCourse('moodle', 'big');
    const joined = roster.add(course('big').id);
    faults.status = { code: 503, times: 1_000 };
    await tool.app.syncService.request({ channelId: opened.channelId, trigger: 'schedule', requestedBy: null });
    await expectSoon(opened, { state: 'queued', reason: 'server-error', tries: 1 });
    faults.reset();
    await letPausePass(opened);
    await expectSoon(opened, { state: 'applied', reason: null, tries: 1 });
    const members = await membersOf(tool, opened.channelId);
    expect(members).toHaveLength(course('big').size + 1);
    expect(members.find(({ subject }) => subject === joined.id)).toMatchObject({ active: true, level: 'member' });
  }, 120_000);
});
