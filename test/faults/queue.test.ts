import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelId, SyncId } from '../../src/channels/channel.ts';
import { openChannel } from '../../src/channels/open-channel.ts';
import { createLaneQueue } from '../../src/channels/sync-lanes.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { createSyncService } from '../../src/channels/sync-service.ts';
import { createJobs } from '../../src/jobs/jobs.ts';
import { systemRandom } from '../../src/lib/ids.ts';
import type { SandboxCourse } from '../../src/sandbox/course.ts';
import { createPerson } from '../../src/sandbox/people.ts';
import type { SandboxLms } from '../../src/sandbox/sandbox.ts';
import { type ProcessWorld, startProcessWorld, type ToolProcess } from '../support/processes.ts';
import { ON_MONGO } from '../support/test-database.ts';
import { expectRoster } from './support/rosters.ts';

// QUEUE_SIZE: how many syncs wait at once, shared out among two LMSs.
const SIZE = Number(process.env.QUEUE_SIZE ?? 120);
const MEMBERS = 5;
const INSTRUCTOR = 'http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor';

type Taught = { lms: SandboxLms; course: SandboxCourse; channelId: ChannelId };

let world: ProcessWorld;
let taught: Taught[];

beforeAll(async () => {
  world = await startProcessWorld();
  const { canvas, moodle } = world.sandbox;
  taught = await Promise.all(Array.from({ length: SIZE }, (_, i) => teach(i % 2 === 0 ? canvas : moodle, i)));
});
afterAll(() => world.close());

/** A course of its own, whose channel is open and was never filled. */
async function teach(lms: SandboxLms, number: number): Promise<Taught> {
  const like = lms.course('small');
  const id = `${9_000 + number}`;
  const people = Array.from({ length: MEMBERS }, (_, i) => createPerson(lms.family, 700_000 + number * MEMBERS + i));
  const enrolments: SandboxCourse['enrolments'] = new Map(
    people.map((person, i) => [
      person.id,
      { person, roles: [i === 0 ? 'teacher' : 'student'], state: 'active', formerId: null },
    ]),
  );
  const contextId = lms.family === 'canvas' ? `${like.contextId.slice(id.length)}${id}` : id;
  const course = { ...like, id, contextId, title: `Course ${id}`, label: `C-${id}`, size: MEMBERS, enrolments };
  lms.courses.push(course);
  return { lms, course, channelId: await openCourse(lms, course) };
}

/** What the teacher's launch does, without its sync. */
async function openCourse({ registration, rosterUrl }: SandboxLms, course: SandboxCourse): Promise<ChannelId> {
  const { storage } = world;
  const platform = await storage.platforms.findPlatformByClient(registration.issuer, registration.clientId);
  if (!platform) throw new Error('the LMS is not registered');
  const [subject = ''] = course.enrolments.keys();
  const opened = await openChannel(
    { ...storage, clock: Date.now, random: systemRandom },
    {
      ...{ platformId: platform.id, tenant: null, roleLevels: {}, teachesToo: false, adminsLaunchAsInstructors: false },
      ...{ deploymentId: registration.deploymentIds[0] ?? '', subject, person: { name: null, email: null } },
      ...{ roles: [INSTRUCTOR], rosterUrl: rosterUrl(course.id) },
      context: { id: course.contextId, title: course.title, label: course.label, types: [] },
    },
  );
  if (!opened.ok) throw new Error(opened.reason);
  return opened.value.channel.id;
}

/** As a process beside those that do syncs asks for them. */
async function askForAll(): Promise<SyncId[]> {
  const { storage } = world;
  const log = pino({ level: 'silent' });
  const queue = createLaneQueue(createJobs({ backend: storage.jobs, log, random: systemRandom }), log);
  const service = createSyncService({ ...storage, queue, clock: Date.now, random: systemRandom, maxAgeMs: 0 });
  const ids: SyncId[] = [];
  for (const { channelId } of taught) {
    const asked = await service.request({ channelId, trigger: 'api', requestedBy: null });
    if (asked) ids.push(asked.run.id);
  }
  return ids;
}

/** Another worker; on SQLite the one process there is. */
async function startWorker(): Promise<ToolProcess> {
  const worker = await world.start(ON_MONGO ? { port: 'another', env: { ROLE: 'worker' } } : {});
  await worker.ready();
  return worker;
}

async function runsOf(ids: SyncId[]): Promise<SyncRun[]> {
  const runs = await Promise.all(ids.map((id) => world.storage.syncs.findSync(id)));
  return runs.filter((run) => run !== null);
}

async function untilEnded(ids: SyncId[], count: number): Promise<void> {
  const left = () => world.storage.syncs.unfinishedSyncs({ limit: SIZE });
  const ended = async () => ids.length - (await left()).length;
  await expect.poll(ended, { timeout: 400_000, interval: 100 }).toBeGreaterThanOrEqual(count);
}

/** Every course is as its LMS says, after one run each; nobody was written twice. */
async function expectEachOnce(ids: SyncId[]): Promise<void> {
  const runs = await runsOf(ids);
  expect(new Set(runs.map(({ id }) => id)).size).toBe(SIZE);
  expect(runs.filter(({ state, reason }) => state !== 'applied' || reason !== null)).toEqual([]);
  for (const { course, channelId } of taught) {
    await expectRoster(world, { channelId, course, versions: 1 });
    expect(await world.storage.syncs.listSyncs(channelId, 10)).toHaveLength(1);
  }
  const due = await world.storage.syncs.unfinishedSyncs({ limit: 1 });
  expect(due).toEqual([]);
}

it(`does each of ${SIZE} syncs once, two at a time, though a process is killed half-way`, async () => {
  const { canvas, moodle } = world.sandbox;
  for (const lms of [canvas, moodle]) {
    lms.faults.slowMs = 20;
    lms.requests.reset();
  }
  // Somebody has to show the LMSs the tool's keys.
  if (ON_MONGO) await (await world.start({ env: { ROLE: 'web' } })).ready();
  const ids = await askForAll();
  const begunAt = Date.now();
  const [first, second] = ON_MONGO ? [await startWorker(), await startWorker()] : [await startWorker(), null];
  await untilEnded(ids, Math.ceil(SIZE / 2));
  await first.kill();
  const last = second ?? (await startWorker());
  await untilEnded(ids, SIZE);
  const restarts = (await runsOf(ids)).reduce((sum, run) => sum + run.restarts, 0);
  const mostAtOnce = [canvas, moodle].map(({ requests }) => requests.rosterMostAtOnce);
  process.stderr.write(
    `${SIZE} syncs in ${Date.now() - begunAt} ms, begun again after the kill: ${restarts}; ` +
      `roster calls at once: ${mostAtOnce.join(' and ')}\n`,
  );
  expect(Math.max(...mostAtOnce)).toBeLessThanOrEqual(2);
  await expectEachOnce(ids);
  expect(await last.stop()).toBe(0);
}, 600_000);
