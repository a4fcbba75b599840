import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelId, UserId } from '../../src/channels/channel.ts';
import { type ProcessWorld, startProcessWorld, type ToolProcess } from '../support/processes.ts';
import { ON_MONGO } from '../support/test-database.ts';
import { channelIn } from '../support/tool.ts';
import { type Balancer, startBalancer } from './support/balancer.ts';
import { type Crowd, startCrowd } from './support/launching.ts';

// LOAD_LAUNCHES: how many people launch; LOAD_KILLS: how often a process is killed meanwhile.
const PEOPLE = Number(process.env.LOAD_LAUNCHES ?? 60);
const KILLS = Number(process.env.LOAD_KILLS ?? 3);
const SIZE = PEOPLE + 200;
const LEVELS = ['moderator', 'contributor', 'member'] as const;

let world: ProcessWorld;
/** On SQLite one process that does everything; on MongoDB two that serve people, and one that does syncs. */
let webs: ToolProcess[];
let balancer: Balancer | null = null;

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: SIZE });
  if (ON_MONGO) {
    balancer = await startBalancer(Number(new URL(world.url).port), () =>
      webs.map(({ url }) => Number(new URL(url).port)),
    );
    const worker = await world.start({ port: 'another', env: { ROLE: 'worker' } });
    webs = await Promise.all([startWeb(), startWeb()]);
    await worker.ready();
  } else {
    webs = [await startWeb()];
  }
});
afterAll(async () => {
  await world.close();
  await balancer?.close();
});

async function startWeb(): Promise<ToolProcess> {
  const web = await world.start(ON_MONGO ? { port: 'another', env: { ROLE: 'web' } } : {});
  await web.ready();
  return web;
}

/** Ends the one that runs longest, and starts another in its place. */
async function killOne(): Promise<void> {
  await webs[0]?.kill();
  const [, ...others] = webs;
  webs = [...others, await startWeb()];
}

const course = () => world.sandbox.canvas.course('big');
const studentsFrom = (from: number, to: number) =>
  [...course().enrolments.values()]
    .filter(({ roles, state }) => roles[0] === 'student' && state === 'active')
    .slice(from, to)
    .map(({ person }) => person.id);

type Edits = { answered: Map<UserId, string[]>; cut: number; stop(): Promise<void> };

/** Sets levels by API, one after another; one that was cut is asked for again. */
function startEditing(channelId: ChannelId, users: UserId[]): Edits {
  const edits = { answered: new Map<UserId, string[]>(), cut: 0 };
  let stopped = false;
  async function edit(): Promise<void> {
    for (let i = 0; !stopped; i++) {
      const [userId, level] = [users[i % users.length] as UserId, LEVELS[Math.floor(i / users.length) % LEVELS.length]];
      const path = `/channels/${channelId}/members/${userId}`;
      const asked = await webs
        .at(-1)
        ?.api('PATCH', path, { level, override: true })
        .catch(() => null);
      if (!asked) {
        edits.cut += 1;
        i -= 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      expect(asked.status).toBe(200);
      edits.answered.set(userId, [...(edits.answered.get(userId) ?? []), level ?? '']);
    }
  }
  const done = edit();
  return Object.assign(edits, {
    async stop() {
      stopped = true;
      await done;
    },
  });
}

async function expectEveryoneInside(crowd: Crowd, channelId: ChannelId): Promise<void> {
  const members = await world.members(channelId);
  expect(new Set(members.map(({ subject }) => subject)).size).toBe(members.length);
  const bySubject = new Map(members.map((member) => [member.subject, member]));
  for (const [personId, visitor] of crowd.inside) {
    expect(channelIn(visitor.url)).toBe(channelId);
    expect(bySubject.get(personId)).toMatchObject({ active: true, launchLevel: 'member' });
  }
}

/** Each page is answered by the session of its launch, without another one. */
async function expectSessions(crowd: Crowd): Promise<void> {
  for (const visitor of crowd.inside.values()) {
    const page = visitor.url;
    await visitor.get(page);
    expect([visitor.status, visitor.url]).toEqual([200, page]);
  }
}

it(`keeps what was answered when a process that serves ${PEOPLE} launches is killed again and again`, async () => {
  const { canvas } = world.sandbox;
  const { id: courseId, cast } = course();
  const teacher = await world.launch(canvas, { courseId, personId: cast.instructor });
  const channelId = channelIn(teacher.url);
  const listed = async () => (await world.members(channelId)).length;
  await expect.poll(listed, { timeout: 60_000 }).toBe(SIZE);

  const bySubject = new Map((await world.members(channelId)).map(({ subject, userId }) => [subject, userId]));
  const edited = studentsFrom(PEOPLE, PEOPLE + 20).flatMap((subject) => bySubject.get(subject) ?? []);
  const edits = startEditing(channelId, edited);
  const crowd = startCrowd(world, { lms: canvas, courseId, people: studentsFrom(0, PEOPLE), atOnce: 8, pages: 2 });
  for (let kill = 1; kill <= KILLS; kill++) {
    const inside = Math.floor((PEOPLE * kill) / (KILLS + 1));
    await expect.poll(() => crowd.inside.size, { timeout: 120_000, interval: 5 }).toBeGreaterThanOrEqual(inside);
    await killOne();
  }
  await crowd.done;
  await edits.stop();
  process.stderr.write(
    `Launches and pages answered: ${crowd.counts.answered}, cut: ${crowd.counts.cut}; ` +
      `edits answered: ${[...edits.answered.values()].flat().length}, cut: ${edits.cut}; kills: ${KILLS}\n`,
  );

  expect(crowd.wrong).toEqual([]);
  expect(crowd.inside.size).toBe(PEOPLE);
  await expectEveryoneInside(crowd, channelId);
  expect(await world.storage.channels.listChannels({}, { limit: 10 })).toMatchObject({
    items: [{ id: channelId }],
  });
  // By each of those that run alone.
  for (const alone of ON_MONGO ? [...webs] : []) {
    const all = webs;
    webs = [alone];
    await expectSessions(crowd);
    webs = all;
  }
  await expectSessions(crowd);
  await expectEdits(channelId, edits);
}, 300_000);

/** The last that was answered stands, and each change stands in the activity once. */
async function expectEdits(channelId: ChannelId, { answered }: Edits): Promise<void> {
  // What a process was killed before it could tell is told in the next round of cleaning.
  while (await world.storage.removeExpired(Date.now(), 500));
  for (const [userId, levels] of answered) {
    const member = await world.storage.memberships.findMembership(channelId, userId);
    expect(member?.override).toBe(levels.at(-1));
    const { items } = await world.storage.activity.listActivity(
      channelId,
      { subjectUserId: userId },
      { limit: levels.length + 10 },
    );
    // One that was cut may have been done, and its repetition then changes nothing.
    expect(items).toHaveLength(levels.length);
  }
}
