import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelId, SyncId } from '../../src/channels/channel.ts';
import type { SyncRun } from '../../src/channels/sync-run.ts';
import { finished, type ProcessWorld, startProcessWorld, type ToolProcess } from '../support/processes.ts';
import { channelIn } from '../support/tool.ts';
import type { Visitor } from '../support/visitor.ts';
import { followSync } from './support/progress.ts';
import { expectRoster, renameAll } from './support/rosters.ts';

// KILL_SIZE: how many people the course has.
const SIZE = Number(process.env.KILL_SIZE ?? 3_000);

let world: ProcessWorld;
/** Serves people and does no syncs. */
let web: ToolProcess;
let workers: ToolProcess[];

beforeAll(async () => {
  world = await startProcessWorld({ bigCourseSize: SIZE });
  web = await world.start({ env: { ROLE: 'web' } });
  workers = await Promise.all([startWorker(), startWorker()]);
  await web.ready();
});
afterAll(() => world.close());

async function startWorker(): Promise<ToolProcess> {
  const worker = await world.start({ port: 'another', env: { ROLE: 'worker' } });
  await worker.ready();
  return worker;
}

/** Launches a teacher, which asks for the first sync. */
async function openCourse(key: 'small' | 'big'): Promise<{ teacher: Visitor; channelId: ChannelId; id: SyncId }> {
  const { canvas } = world.sandbox;
  const { id: courseId, cast } = canvas.course(key);
  const teacher = await world.launch(canvas, { courseId, personId: cast.instructor });
  const channelId = channelIn(teacher.url);
  const [run] = await world.storage.syncs.listSyncs(channelId, 1);
  if (!run) throw new Error('no sync was asked for');
  return { teacher, channelId, id: run.id };
}

async function runOf(id: SyncId): Promise<SyncRun> {
  const run = await world.storage.syncs.findSync(id);
  if (!run) throw new Error('the run is gone');
  return run;
}

/** Ends the worker that has the channel's lease with `kill -9`, once the run is there; null when it has ended before. */
async function killHolder(id: SyncId, reached: (run: SyncRun) => boolean): Promise<ToolProcess | null> {
  for (;;) {
    const run = await runOf(id);
    if (run.state === 'applied') return null;
    const lease = (await world.storage.leases.listLeases()).find(({ name }) => name === `sync:${run.channelId}`);
    const holder = workers.find(({ child }) => child.pid === Number(lease?.holder.split('/')[1]));
    if (holder && reached(run)) {
      await holder.kill();
      return holder;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

it(`finishes a sync of ${SIZE} people once, whichever worker is killed in the middle of it`, async () => {
  const { canvas } = world.sandbox;
  canvas.faults.slowMs = 50;
  const { teacher, channelId, id } = await openCourse('big');
  const followed = followSync(teacher, id);
  const first = await killHolder(id, (run) => run.phase === 'fetching' && run.pages > 0);
  const killedAt = Date.now();
  canvas.faults.reset();
  if (!first) throw new Error('the sync has ended already');
  workers = workers.filter((worker) => worker !== first);
  // By the other worker, when the lock runs out.
  await expect.poll(async () => (await runOf(id)).restarts, { timeout: 60_000, interval: 20 }).toBe(1);
  const takenUp = Date.now() - killedAt;

  const kills: SyncRun['phase'][] = ['fetching'];
  for (const reached of [
    (run: SyncRun) => run.phase === 'comparing' || run.phase === 'applying',
    (run: SyncRun) => run.appliedChanges > 0,
    (run: SyncRun) => run.appliedChanges > SIZE / 2,
  ]) {
    const killed = await killHolder(id, reached);
    if (!killed) break;
    kills.push((await runOf(id)).phase);
    // One that starts finds what the dead one had locked.
    workers = [await startWorker()];
  }
  await finished(world, id);
  process.stderr.write(
    `Killed while ${kills.join(', ')}; taken up by the other worker after ${takenUp} ms, applied ${Date.now() - killedAt} ms after the first kill\n`,
  );
  expect(kills.length).toBeGreaterThan(2);
  await expectRoster(world, { channelId, course: canvas.course('big'), versions: 1 });
  const { restarts, ...ended } = await runOf(id);
  // One that is killed before it could say that it begins anew is not counted.
  expect(restarts).toBeLessThanOrEqual(kills.length);
  expect(ended).toMatchObject({ reason: null, counts: { added: SIZE - 2 } });
  expect(await world.storage.syncs.listSyncs(channelId, 10)).toHaveLength(1);
  // The page was told of it by a process that does no syncs, before the kills and after them.
  expect(await followed.ended).toContain((SIZE - 2).toLocaleString('en'));
  const told = followed.texts.join('\n');
  for (const what of [/^Read so far: /m, /^Making changes: /m]) expect(told).toMatch(what);
}, 400_000);

it('does one run when two are asked for at once', async () => {
  const { canvas } = world.sandbox;
  const course = canvas.course('small');
  const { channelId, id: firstId } = await openCourse('small');
  await finished(world, firstId);
  renameAll(course, 'Once');
  canvas.requests.reset();
  const ask = () => web.api('POST', `/channels/${channelId}/sync`);
  const asked = await Promise.all([ask(), ask()]);
  expect(asked.map(({ status }) => status)).toEqual([202, 202]);
  expect(asked[0]?.body.syncId).toBe(asked[1]?.body.syncId);
  const id = String(asked[0]?.body.syncId) as SyncId;
  await finished(world, id);
  await expectRoster(world, { channelId, course, versions: 2 });
  const { rosterPages, rosterMostAtOnce } = canvas.requests;
  expect({ rosterPages, rosterMostAtOnce }).toEqual({ rosterPages: 1, rosterMostAtOnce: 1 });
  expect(await runOf(id)).toMatchObject({ restarts: 0, counts: { unchanged: 0 } });
  expect(await Promise.all([web, ...workers].map((tool) => tool.stop()))).toEqual([0, ...workers.map(() => 0)]);
});
