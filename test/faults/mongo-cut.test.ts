import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelId, SyncId } from '../../src/channels/channel.ts';
import { withOptions } from '../storage/support/mongo-storage.ts';
import {
  finished,
  launchAndSync,
  type ProcessWorld,
  startProcessWorld,
  type ToolProcess,
} from '../support/processes.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import type { Visitor } from '../support/visitor.ts';
import { type Crowd, startCrowd } from './support/launching.ts';
import { expectRoster, renameAll } from './support/rosters.ts';

// CUT_MS: for how long the database is away; from 10,000 on as in production, and in every phase of a sync.
const CUT_MS = Number(process.env.CUT_MS ?? 2_000);
const LONG = CUT_MS >= 10_000;
const SIZE = 1_000;
const LAUNCHES = 60;
/** A network that is dead is noticed within moments, unless it is to be as in production. */
const QUICK = { connectTimeoutMS: '1000', heartbeatFrequencyMS: '500' };
/** No answer takes longer, whatever the database does. */
const PATIENCE_MS = 30_000;

let world: ProcessWorld;
let proxy: TcpProxy;
let web: ToolProcess;
let worker: ToolProcess;
let channelId: ChannelId;
let teacher: Visitor;
/** How often each member was written so far: once for each sync. */
let versions = 1;

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: SIZE });
  const url = new URL(world.database.env.DATABASE_URL ?? '');
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 27_017) });
  url.host = `127.0.0.1:${proxy.port}`;
  const DATABASE_URL = withOptions(url.href, { directConnection: 'true', ...(LONG ? {} : QUICK) });
  web = await world.start({ env: { ROLE: 'web', DATABASE_URL } });
  worker = await world.start({ port: 'another', env: { ROLE: 'worker', DATABASE_URL } });
  await Promise.all([web.ready(), worker.ready()]);
  ({ channelId, visitor: teacher } = await launchAndSync(world));
});
afterAll(async () => {
  await world.close();
  await proxy.close();
});

const course = () => world.sandbox.canvas.course('big');

async function statusOf(tool: ToolProcess, path: string): Promise<number> {
  return (await fetch(tool.url + path, { signal: AbortSignal.timeout(PATIENCE_MS) })).status;
}

async function untilReadyIs(status: 200 | 503): Promise<void> {
  const ready = () => Promise.all([web, worker].map((tool) => statusOf(tool, '/readyz')));
  await expect.poll(ready, { timeout: 60_000, interval: 100 }).toEqual([status, status]);
}

async function askForSync(familyName: string): Promise<SyncId> {
  renameAll(course(), familyName);
  versions += 1;
  const { status, body } = await web.api('POST', `/channels/${channelId}/sync`);
  expect(status).toBe(202);
  return String(body.syncId) as SyncId;
}

/** A page, a launch and the API say that the store is away, and the processes that they live. */
async function expectUnavailable(): Promise<void> {
  await teacher.get(teacher.url);
  expect([teacher.status, teacher.text()]).toEqual([503, expect.stringMatching(/not available at the moment/)]);
  const { canvas } = world.sandbox;
  const launch = await world.launch(canvas, { courseId: course().id, personId: course().cast.student });
  expect([launch.status, launch.text()]).toEqual([503, expect.stringMatching(/not available at the moment/)]);
  const refused = await web.api('GET', `/channels/${channelId}`);
  expect(refused).toMatchObject({ status: 503, body: { type: 'urn:rostrum:problem:unavailable' } });
  expect([await statusOf(web, '/healthz'), await statusOf(worker, '/healthz')]).toEqual([200, 200]);
}

async function expectCrowdInside(crowd: Crowd, people: string[]): Promise<void> {
  expect(crowd.wrong).toEqual([]);
  expect([...crowd.inside.keys()].toSorted()).toEqual(people.toSorted());
  const members = new Map((await world.members(channelId)).map((member) => [member.subject, member]));
  for (const [personId, visitor] of crowd.inside) {
    expect(members.get(personId)).toMatchObject({ active: true, launchLevel: 'member' });
    expect((await visitor.get(visitor.url)).status).toBe(200);
  }
}

const students = () =>
  [...course().enrolments.values()]
    .filter(({ roles, state }) => roles[0] === 'student' && state === 'active')
    .map(({ person }) => person.id);

/** What the log calls a fault of the product's own. */
function faultsIn(said: string): string[] {
  return said.split('\n').filter((line) => /unexpected error|fault of ours/.test(line));
}

type Phase = 'fetching' | 'applying';
const all: [string, 'cut' | 'stall', Phase, number][] = [
  ['cut', 'cut', 'fetching', 1],
  ['silent', 'stall', 'applying', 2],
  ['cut', 'cut', 'applying', 3],
  ['silent', 'stall', 'fetching', 4],
];
const cases = LONG ? all : all.slice(0, 2);

describe('a database whose connections are', () => {
  it.each(cases)(
    `%s for ${CUT_MS} ms (%s) is told of, waited for and loses nothing, in a sync that is %s`,
    async (_what, fault, phase, number) => {
      world.sandbox.canvas.faults.slowMs = 50;
      const people = students().slice(number * LAUNCHES, (number + 1) * LAUNCHES);
      const id = await askForSync(`Away ${number}`);
      const crowd = startCrowd(world, {
        ...{ lms: world.sandbox.canvas, courseId: course().id, people },
        ...{ atOnce: 4, pages: 2, mayBeUnavailable: true },
      });
      const isThere = async () => {
        const run = await world.storage.syncs.findSync(id);
        return run?.phase === phase && (phase === 'fetching' ? run.pages > 0 : run.appliedChanges > 0);
      };
      await expect.poll(isThere, { timeout: 60_000, interval: 2 }).toBe(true);
      proxy[fault]();
      const cutAt = Date.now();
      await untilReadyIs(503);
      const noticed = Date.now() - cutAt;
      await expectUnavailable();
      await new Promise((resolve) => setTimeout(resolve, cutAt + CUT_MS - Date.now()));
      proxy.restore();
      const restoredAt = Date.now();
      await untilReadyIs(200);
      const back = Date.now() - restoredAt;
      await crowd.done;
      await finished(world, id);
      const whole = Date.now() - restoredAt;
      const { answered, cut, unavailable } = crowd.counts;
      process.stderr.write(
        `${fault} while ${phase}: not ready after ${noticed} ms, ready ${back} ms after its return, the sync applied ` +
          `after ${whole} ms; launches and pages answered: ${answered}, 503: ${unavailable}, cut: ${cut}\n`,
      );

      expect(faultsIn(web.said() + worker.said())).toEqual([]);
      expect(cut).toBe(0);
      await expectCrowdInside(crowd, people);
      await expectRoster(world, { channelId, course: course(), versions });
      expect([web.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
      expect(await world.storage.syncs.listSyncs(channelId, 100)).toHaveLength(versions);
    },
    240_000,
  );

  it('cost no job: what is asked for afterwards is done, and the processes end as they should', async () => {
    world.sandbox.canvas.faults.reset();
    await finished(world, await askForSync('Afterwards'));
    await expectRoster(world, { channelId, course: course(), versions });
    expect(await Promise.all([web.stop(), worker.stop()])).toEqual([0, 0]);
  });
});
