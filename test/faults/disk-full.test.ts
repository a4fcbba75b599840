import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId, SyncId, UserId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import {
  finished,
  launchAndSync,
  type ProcessWorld,
  startProcessWorld,
  type ToolProcess,
} from '../support/processes.ts';
import { channelIn } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';

/** Of util-linux; sets limits of a process that runs. */
const LIMITER = 'prlimit';
const BIG = 4_000;
const REQUEST_ID = /[0-9a-hjkmnp-tv-z]{26}/;

let world: ProcessWorld;
let tool: ToolProcess;
let channelId: ChannelId;
let teacher: Visitor;

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: BIG });
  tool = await world.start();
  await tool.ready();
  ({ channelId, visitor: teacher } = await launchAndSync(world));
});
afterAll(() => world.close());

/** No file of the process may grow or change from here on: to SQLite that is a disk on which writes fail. */
function fillDisk(): void {
  limitFiles('0');
}

function freeDisk(): void {
  limitFiles('unlimited');
}

// The soft limit alone, so that it can be raised again. The runtime ignores the signal that comes with it.
function limitFiles(size: string): void {
  execFileSync(LIMITER, ['--pid', `${tool.child.pid}`, `--fsize=${size}:`]);
}

async function askForSync(): Promise<SyncId> {
  const { status, body } = await tool.api('POST', `/channels/${channelId}/sync`);
  expect(status).toBe(202);
  return String(body.syncId) as SyncId;
}

async function runOf(id: SyncId): Promise<SyncRun> {
  const run = await world.storage.syncs.findSync(id);
  if (!run) throw new Error('the run is gone');
  return run;
}

/** Everybody gets another name, so that the next sync has everything to write. */
function renameAll(familyName: string): void {
  const course = world.sandbox.canvas.course('big');
  for (const { person } of course.enrolments.values()) person.familyName = familyName;
  course.version += 1;
}

async function named(familyName: string): Promise<number> {
  const members = await world.members(channelId);
  return members.filter(({ person }) => person.name?.endsWith(` ${familyName}`)).length;
}

async function get(path: string): Promise<number> {
  return (await fetch(tool.url + path)).status;
}

async function someone(index: number): Promise<{ userId: UserId; path: string }> {
  const student = [...world.sandbox.canvas.course('big').enrolments.values()].slice(100)[index]?.person.id;
  const userId = (await world.members(channelId)).find(({ subject }) => subject === student)?.userId;
  if (!userId) throw new Error('no such member');
  return { userId, path: `/channels/${channelId}/members/${userId}` };
}

/** Asks for syncs until the disk is full in the middle of one's writing: a quick machine may end one before. */
async function fillWhileWriting(familyName: string): Promise<SyncId> {
  for (;;) {
    renameAll(familyName);
    const id = await askForSync();
    const applied = async () => (await runOf(id)).appliedChanges;
    await expect.poll(applied, { timeout: 60_000, interval: 2 }).toBeGreaterThan(0);
    fillDisk();
    if ((await runOf(id)).state === 'running') return id;
    freeDisk();
    renameAll('Earlier');
    await finished(world, await askForSync());
  }
}

describe('a disk that is full', () => {
  it('refuses what would be written with a page that says so, and goes on reading', async () => {
    const { path } = await someone(1);
    const set = await tool.api('PATCH', path, { level: 'moderator' });
    expect(set.status).toBe(200);
    fillDisk();

    const { moodle } = world.sandbox;
    const who = { courseId: moodle.course('small').id, personId: moodle.course('small').cast.instructor };
    const launch = await world.launch(moodle, who);
    expect(launch.status).toBe(503);
    expect(launch.text()).toMatch(/not available at the moment/);
    expect(launch.text()).toMatch(REQUEST_ID);

    for (const [method, rest, body] of [
      ['POST', `/channels/${channelId}/sync`, undefined],
      ['PATCH', path, { level: 'member', override: true }],
    ] as const) {
      const refused = await tool.api(method, rest, body);
      expect(refused).toMatchObject({ status: 503, body: { type: 'urn:rostrum:problem:unavailable' } });
    }
    expect(await tool.api('GET', path)).toMatchObject({ status: 200, body: { level: 'moderator' } });
    expect((await teacher.get(teacher.url)).status).toBe(200);
    expect((await teacher.get(`/channels/${channelId}/members`)).status).toBe(200);
    expect([await get('/healthz'), await get('/readyz')]).toEqual([200, 503]);

    freeDisk();
    expect(await get('/readyz')).toBe(200);
    const again = await world.launch(moodle, who);
    expect(again.status).toBe(200);
    expect(channelIn(again.url)).not.toBe(channelId);
    expect(await tool.api('PATCH', path, { level: 'member', override: true })).toMatchObject({ status: 200 });
  });

  it('leaves a sync that walks to go on by itself once there is room', async () => {
    renameAll('Walker');
    world.sandbox.canvas.faults.slowMs = 20;
    const id = await askForSync();
    await expect.poll(async () => (await runOf(id)).phase, { timeout: 30_000, interval: 2 }).toBe('fetching');
    fillDisk();
    const brokeOff = new RegExp(`"syncId":"${id}".*"msg":"roster sync broke off`);
    await expect.poll(() => tool.said(), { timeout: 30_000 }).toMatch(brokeOff);
    world.sandbox.canvas.faults.reset();
    expect(await named('Walker')).toBe(0);
    freeDisk();
    await finished(world, id);
    expect((await runOf(id)).restarts).toBe(1);
    expect(await named('Walker')).toBe(BIG);
  });

  it('stops a sync that writes between two slices, and the next start goes on from there', async () => {
    const { path } = await someone(2);
    expect(await tool.api('PATCH', path, { level: 'contributor' })).toMatchObject({ status: 200 });
    const id = await fillWhileWriting('Writer');
    expect(await get('/readyz')).toBe(503);
    const { appliedChanges, ...run } = await runOf(id);
    expect(run).toMatchObject({ state: 'running', phase: 'applying' });
    expect(await named('Writer')).toBe(appliedChanges);
    expect(appliedChanges).toBeLessThan(run.totalChanges);

    await tool.kill();
    tool = await world.start();
    await tool.ready();
    await finished(world, id);
    expect(await named('Writer')).toBe(BIG);
    expect(await runOf(id)).toMatchObject({ reason: null, appliedChanges: run.totalChanges, restarts: 1 });
    const { counts } = await runOf(id);
    expect(counts).toMatchObject({ added: 0, deactivated: 0, reactivated: 0 });
    expect(await tool.api('GET', path)).toMatchObject({ body: { level: 'contributor', updateMethod: 'manual' } });
    expect(await tool.stop()).toBe(0);
  });
});
